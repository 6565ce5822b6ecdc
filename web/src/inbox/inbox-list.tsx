import type { InboxEntry, MessageSummary } from '@org/mail-sdk';
import { useEffect, useRef } from 'preact/hooks';
import { StatusBadge } from '../message/status-badge.tsx';
import { toDayAndTime, toFullTime, toShortTime } from '../shared/formats.ts';
import { Link } from '../shared/link.tsx';

type InboxListProps = {
  entries: readonly InboxEntry[];
  current: string | null;
  toHref: (id: string) => string;
};

/** Where the keyboard is goes along, so that the row is read out and Enter means it. */
export function focusRow(id: string): void {
  document.querySelector<HTMLElement>(`.inbox-row[data-id="${CSS.escape(id)}"]`)?.focus();
}

/** On the mail that is open already, Enter goes on to reading it. */
function goToMail(event: KeyboardEvent): void {
  const row = event.target instanceof HTMLElement ? event.target.closest('.inbox-row[aria-current]') : null;
  if (event.key !== 'Enter' || !row) return;
  event.preventDefault();
  document.getElementById('mail-subject')?.focus();
}

/** The mails, newest first. */
export function InboxList({ entries, current, toHref }: InboxListProps) {
  return (
    <ul class="inbox-list" aria-label="Mails" onKeyDown={goToMail}>
      {entries.map((entry) => (
        <li key={entry.id}>
          <Row entry={entry} isCurrent={entry.id === current} href={toHref(entry.id)} />
        </li>
      ))}
    </ul>
  );
}

function Row({ entry, isCurrent, href }: { entry: InboxEntry; isCurrent: boolean; href: string }) {
  const { envelope, subject, preview, receivedAt, status, isRead, template } = entry;
  const link = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (isCurrent) link.current?.scrollIntoView({ block: 'nearest' });
  }, [isCurrent]);
  const [first = '', ...others] = envelope.to;
  return (
    <Link
      class="inbox-row"
      href={href}
      aria-current={isCurrent ? 'true' : undefined}
      data-read={isRead}
      data-id={entry.id}
    >
      <span class="inbox-row-head" ref={link}>
        {isRead ? null : <span class="inbox-dot" aria-hidden="true" />}
        {isRead ? null : <span class="only-read">Unread. </span>}
        <span class="inbox-to">
          {first}
          {others.length > 0 ? ` +${others.length}` : ''}
        </span>
        <time dateTime={receivedAt} title={toFullTime(receivedAt)}>
          {toShortTime(receivedAt)}
        </time>
      </span>
      <span class="inbox-subject">{subject === null || subject === '' ? 'No subject' : subject}</span>
      <span class="inbox-row-foot">
        <span class="inbox-preview">{preview ?? ''}</span>
        {template === null ? null : <span class="tag">{template}</span>}
        {status === 'delivered' || status === 'sent' ? null : <StatusBadge status={status} />}
      </span>
    </Link>
  );
}

type ScheduledListProps = { messages: readonly MessageSummary[]; onDeliver: (id: string) => void };

/** What waits for its time, and a way to let that come. */
export function ScheduledList({ messages, onDeliver }: ScheduledListProps) {
  if (messages.length === 0) return null;
  return (
    <section class="scheduled" aria-label="Scheduled">
      <h2>Scheduled</h2>
      <ul>
        {messages.map(({ id, recipient, subject, template, scheduledAt }) => (
          <li key={id} class="scheduled-row">
            <Link href={`/messages/${id}`} class="scheduled-link">
              <span class="inbox-subject">{subject ?? template ?? 'No subject'}</span>
              <span class="soft">
                {scheduledAt === null ? '' : `${toDayAndTime(scheduledAt)} · `}
                {recipient}
              </span>
            </Link>
            <button type="button" class="button" onClick={() => onDeliver(id)}>
              Deliver now
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
