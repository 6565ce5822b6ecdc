import type { Mailer, Message, MessageContent, MessageEvent } from '@org/mail-sdk';
import { MailError } from '@org/mail-sdk';
import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../shared/announce.tsx';
import { CodeView } from '../shared/code-view.tsx';
import { KeyGate } from '../shared/key-gate.tsx';
import { MailView } from '../shared/mail-view.tsx';
import { query, setQuery } from '../shared/router.ts';
import { type Tab, TabPanel, Tabs } from '../shared/tabs.tsx';
import { useLive } from '../shared/use-live.ts';
import { MessageActions } from './message-actions.tsx';
import { MessageFacts } from './message-facts.tsx';
import { StatusBadge } from './status-badge.tsx';
import { Timeline } from './timeline.tsx';

/** A message's whole life; `rest` is its id. */
export function MessagePage({ rest }: { rest: string }) {
  return <KeyGate>{(api) => <Life key={rest} api={api} id={rest} />}</KeyGate>;
}

type Loaded = { message: Message; events: MessageEvent[]; content: MessageContent | string };

function Life({ api, id }: { api: Mailer; id: string }) {
  const { loaded, failure, act } = useMessage(api, id);
  useEffect(() => {
    document.title = loaded ? `${loaded.message.subject ?? 'Message'} · ${loaded.message.status}` : 'Message';
  }, [loaded]);
  if (loaded === null)
    return (
      <main class="empty" aria-busy={failure === null}>
        <h1>{failure ?? ''}</h1>
      </main>
    );
  const { message, events, content } = loaded;
  return (
    <main class="message">
      <div class="message-side">
        <header class="message-head">
          <StatusBadge status={message.status} />
          <h1>{message.subject || message.template || 'No subject'}</h1>
          {message.lastError === null ? null : (
            <p class={`message-error ${message.status === 'unknown' ? 'warning' : ''}`}>
              {message.lastError}
            </p>
          )}
          <MessageActions api={api} message={message} act={act} />
          {failure === null ? null : (
            <p class="message-error" role="alert">
              {failure}
            </p>
          )}
        </header>
        <section aria-label="Timeline">
          <h2>Timeline</h2>
          <Timeline events={events} />
        </section>
        <MessageFacts message={message} />
      </div>
      <Content message={message} content={content} />
    </main>
  );
}

function useMessage(api: Mailer, id: string) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const isThere = useRef(true);
  useEffect(() => () => void (isThere.current = false), []);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      setFailure(null);
    } catch (error) {
      setFailure(error instanceof MailError ? error.message : 'The service does not answer.');
    }
  };
  const load = async (): Promise<void> => {
    const [message, events, content] = await Promise.all([
      api.messages.get(id),
      api.messages.events(id),
      contentOf(api, id),
    ]);
    if (isThere.current) setLoaded({ message, events, content });
  };
  useEffect(() => void attempt(load), []);
  useLive(
    api,
    ({ messageId }) => messageId === id,
    () => void attempt(load),
  );
  const act = (said: string, work: () => Promise<unknown>): Promise<void> =>
    attempt(async () => {
      await work();
      announce(said);
      await load();
    });
  return { loaded, failure, act };
}

/** Or why there is none: the rest of the page is there all the same. */
async function contentOf(api: Mailer, id: string): Promise<MessageContent | string> {
  try {
    return await api.messages.content(id);
  } catch (error) {
    if (error instanceof MailError) return error.message;
    throw error;
  }
}

type TabId = 'mail' | 'html' | 'text' | 'props';

function Content({ message, content }: { message: Message; content: MessageContent | string }) {
  const tabs: Tab<TabId>[] = [
    { id: 'mail', label: 'Rendering' },
    { id: 'html', label: 'HTML' },
    { id: 'text', label: 'Text' },
    ...(message.props === null ? [] : [{ id: 'props' as const, label: 'Props' }]),
  ];
  const current = tabs.find(({ id }) => id === query.value.get('tab'))?.id ?? 'mail';
  return (
    <div class="message-main">
      <Tabs
        label="What was sent"
        tabs={tabs}
        current={current}
        onChange={(tab) => setQuery({ tab: tab === 'mail' ? null : tab })}
      >
        {typeof content === 'string' ? null : (
          <span class="soft" title={EXACTNESS[String(content.exact)]}>
            {content.exact ? 'exactly as sent' : 'as it would be sent'}
          </span>
        )}
      </Tabs>
      <TabPanel id={current} class={`mail-panel ${current}`}>
        <ContentTab tab={current} message={message} content={content} />
      </TabPanel>
    </div>
  );
}

const EXACTNESS: Readonly<Record<string, string>> = {
  true: 'The hash of this rendering is that of what was sent',
  false: 'Nothing has been sent yet, or this rendering differs from it',
};

function ContentTab({
  tab,
  message,
  content,
}: {
  tab: TabId;
  message: Message;
  content: MessageContent | string;
}) {
  if (tab === 'props')
    return <CodeView label="Props" text={JSON.stringify(message.props, null, 2)} language="json" isWrapped />;
  if (typeof content === 'string')
    return (
      <div class="empty">
        <h2>{content}</h2>
      </div>
    );
  const { html, text } = content;
  if (tab === 'html') return <CodeView label="HTML" text={html ?? ''} language="html" isWrapped />;
  if (tab === 'text' || html === null) return <pre class="mail-text">{text ?? ''}</pre>;
  return <MailView html={html} title={`The message “${message.subject ?? ''}”`} />;
}
