import type { InboxEntry, InboxMail, Mailer, MessageEvent } from '@org/mail-sdk';
import { MailError } from '@org/mail-sdk';
import { useEffect, useState } from 'preact/hooks';
import { StatusBadge } from '../message/status-badge.tsx';
import { Timeline } from '../message/timeline.tsx';
import { announce } from '../shared/announce.tsx';
import { CodeView } from '../shared/code-view.tsx';
import { CopyButton } from '../shared/copy-button.tsx';
import { toFullTime, toSize } from '../shared/formats.ts';
import { Icon } from '../shared/icon.tsx';
import { Link } from '../shared/link.tsx';
import { MailView } from '../shared/mail-view.tsx';
import { query, setQuery } from '../shared/router.ts';
import { saveFile } from '../shared/save-file.ts';
import { type Tab, TabPanel, Tabs } from '../shared/tabs.tsx';
import { LinksTab, useLinks } from './links-tab.tsx';
import { fetchAttachment, inlineImages, toBytes } from './mail-parts.ts';

type TabId = 'mail' | 'html' | 'text' | 'links' | 'headers' | 'source' | 'files' | 'timeline';

type MailDetailProps = {
  api: Mailer;
  id: string;
  /** As the list has it, which hears of changes. */
  entry: InboxEntry | null;
  onMark: (isRead: boolean) => void;
  onRemove: () => void;
};

type Shown = { mail: InboxMail; html: string; events: MessageEvent[] };

/** One mail, from every side. */
export function MailDetail({ api, id, entry, onMark, onRemove }: MailDetailProps) {
  const status = entry?.status ?? null;
  const { shown, failure } = useMail(api, id, status);
  if (failure !== null)
    return (
      <div class="empty">
        <h2>{failure}</h2>
      </div>
    );
  if (shown === null) return <div class="empty" aria-busy="true" />;
  const { mail, events } = shown;
  const { id: mailId, subject, from, envelope, receivedAt, sizeBytes } = mail;
  return (
    <article class="mail" aria-label="Mail">
      <header class="mail-head">
        <div class="mail-title">
          <h1 id="mail-subject" tabIndex={-1}>
            {subject || 'No subject'}
          </h1>
          <StatusBadge status={status ?? mail.status} />
        </div>
        <dl class="mail-facts">
          <dt>From</dt>
          <dd>{from}</dd>
          <dt>To</dt>
          <dd>{envelope.to.join(', ')}</dd>
          <dt>Received</dt>
          <dd>
            {toFullTime(receivedAt)} <span class="soft">· {toSize(sizeBytes)}</span>
          </dd>
        </dl>
        <div class="mail-actions">
          <Link class="button" href={`/messages/${mailId}`}>
            Message
          </Link>
          <button
            type="button"
            class="button"
            onClick={() => saveFile(toBytes(mail), `${subject || 'mail'}.eml`)}
          >
            Download .eml
          </button>
          <button type="button" class="button quiet" onClick={() => onMark(!(entry?.isRead ?? true))}>
            {entry?.isRead === false ? 'Mark read' : 'Mark unread'}
          </button>
          <button type="button" class="button quiet" onClick={onRemove}>
            Delete
          </button>
        </div>
      </header>
      <MailTabs shown={shown} events={events} />
    </article>
  );
}

function useMail(api: Mailer, id: string, status: string | null) {
  const [shown, setShown] = useState<Shown | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    let isOver = false;
    const load = async (): Promise<void> => {
      try {
        const [mail, events] = await Promise.all([api.inbox.get(id), api.messages.events(id)]);
        const html = mail.html === null ? '' : await inlineImages(mail);
        if (!isOver) setShown({ mail, html, events });
        if (!isOver) setFailure(null);
      } catch (error) {
        if (!isOver) setFailure(error instanceof MailError ? error.message : 'The mail cannot be read now.');
      }
    };
    void load();
    return () => {
      isOver = true;
    };
  }, [api, id, status]);
  // What is shown of another mail would be taken for this one.
  return { shown: shown?.mail.id === id ? shown : null, failure };
}

function MailTabs({ shown, events }: { shown: Shown; events: readonly MessageEvent[] }) {
  const { mail } = shown;
  const links = useLinks(mail.html);
  const tabs = tabsOf(mail, links.length);
  const wanted = query.value.get('tab');
  const current = tabs.find(({ id }) => id === wanted)?.id ?? tabs[0]?.id ?? 'source';
  return (
    <>
      <Tabs
        label="Views of the mail"
        tabs={tabs}
        current={current}
        onChange={(tab) => setQuery({ tab: tab === tabs[0]?.id ? null : tab })}
      />
      <TabPanel id={current} class={`mail-panel ${current}`}>
        {current === 'links' ? (
          <LinksTab links={links} />
        ) : (
          <TabContent tab={current} shown={shown} events={events} />
        )}
      </TabPanel>
    </>
  );
}

function tabsOf({ html, text, attachments }: InboxMail, links: number): Tab<TabId>[] {
  return [
    ...(html === null
      ? []
      : ([
          { id: 'mail', label: 'Mail' },
          { id: 'html', label: 'HTML' },
        ] as const)),
    ...(text === null ? [] : ([{ id: 'text', label: 'Text' }] as const)),
    ...(links > 0 ? ([{ id: 'links', label: 'Links', count: links }] as const) : []),
    { id: 'headers', label: 'Headers' },
    { id: 'source', label: 'Source' },
    ...(attachments.length > 0
      ? ([{ id: 'files', label: 'Attachments', count: attachments.length }] as const)
      : []),
    { id: 'timeline', label: 'Timeline' },
  ];
}

function TabContent({ tab, shown, events }: { tab: TabId; shown: Shown; events: readonly MessageEvent[] }) {
  const { mail, html } = shown;
  switch (tab) {
    case 'mail':
      return <MailView html={html} title={`The mail “${mail.subject ?? ''}”`} />;
    case 'html':
      return <Code label="HTML of the mail" text={mail.html ?? ''} language="html" />;
    case 'text':
      return <pre class="mail-text">{mail.text ?? ''}</pre>;
    case 'headers':
      return <Headers headers={mail.headers} />;
    case 'source':
      return <Code label="Source of the mail" text={mail.mime.replaceAll('\r\n', '\n')} language="plain" />;
    case 'files':
      return <Files mail={mail} />;
    case 'timeline':
      return <Timeline events={events} />;
  }
}

function Code({ label, text, language }: { label: string; text: string; language: 'html' | 'plain' }) {
  return (
    <div class="mail-code">
      <CopyButton text={text} />
      <CodeView label={label} text={text} language={language} isWrapped />
    </div>
  );
}

function Headers({ headers }: { headers: InboxMail['headers'] }) {
  return (
    <table class="header-table">
      <thead class="only-read">
        <tr>
          <th scope="col">Header</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {headers.map(({ name, value }, index) => (
          <tr key={index}>
            <th scope="row">{name}</th>
            <td class="mono">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Files({ mail }: { mail: InboxMail }) {
  const save = async (attachment: InboxMail['attachments'][number]): Promise<void> => {
    try {
      saveFile(await fetchAttachment(mail.id, attachment), attachment.filename);
    } catch {
      announce('The attachment cannot be had now');
    }
  };
  return (
    <ul class="files">
      {mail.attachments.map((attachment) => (
        <li key={attachment.index} class="file">
          <Icon name={attachment.contentType.startsWith('image/') ? 'image' : 'copy'} />
          <span class="file-name">{attachment.filename}</span>
          <span class="soft">
            {attachment.contentType} · {toSize(attachment.sizeBytes)}
            {attachment.isInline ? ' · shown in the mail' : ''}
          </span>
          <button
            type="button"
            class="button"
            aria-label={`Download ${attachment.filename}`}
            onClick={() => void save(attachment)}
          >
            Download
          </button>
        </li>
      ))}
    </ul>
  );
}
