import type { Message } from '@org/mail-sdk';
import type { ComponentChildren } from 'preact';
import { CopyButton } from '../shared/copy-button.tsx';
import { toFullTime, toSize } from '../shared/formats.ts';
import { StatusBadge } from './status-badge.tsx';

/** What is known of a message besides its life. */
export function MessageFacts({ message }: { message: Message }) {
  const { template, templateVersion, provider, providerMessageId, scheduledAt } = message;
  const facts: [name: string, value: ComponentChildren][] = [
    ['From', message.from],
    ['Template', template === null ? null : `${template}@${templateVersion ?? '?'}`],
    ['Locale', message.locale],
    ['Mode', message.mode],
    ['Priority', message.priority],
    ['Provider', provider],
    ['Provider’s id', providerMessageId === null ? null : <code class="mono">{providerMessageId}</code>],
    ['Attempts', String(message.attempts)],
    ['Created', toFullTime(message.createdAt)],
    ['Scheduled for', scheduledAt === null ? null : toFullTime(scheduledAt)],
    ['Reply to', message.replyTo?.join(', ') || null],
    ...toFacts(message.tags, 'Tag'),
    ...toFacts(message.metadata, 'Metadata'),
    ...toFacts(message.headers, 'Header'),
    ['Trace', <code class="mono">{message.traceId}</code>],
  ];
  return (
    <>
      <section aria-label="Recipients">
        <h2>Recipients</h2>
        <ul class="recipients">
          {message.recipients.map(({ kind, email, name, status, response }) => (
            <li key={`${kind} ${email}`}>
              <span class="soft">{kind}</span>
              <span class="recipient-email">{name === null ? email : `${name} <${email}>`}</span>
              <StatusBadge status={status} />
              {response === null ? null : <p class="timeline-words">{response}</p>}
            </li>
          ))}
        </ul>
      </section>
      {message.attachments.length === 0 ? null : (
        <section aria-label="Attachments">
          <h2>Attachments</h2>
          <ul>
            {message.attachments.map(({ filename, contentType, sizeBytes }, index) => (
              <li key={index}>
                {filename}{' '}
                <span class="soft">
                  {contentType} · {toSize(sizeBytes)}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-label="Facts">
        <div class="section-head">
          <h2>Facts</h2>
          <CopyButton text={message.id} label="Copy id" />
        </div>
        <dl class="mail-facts">
          {facts.map(([name, value], index) =>
            value === null ? null : (
              <div key={index} class="fact">
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
          )}
        </dl>
      </section>
    </>
  );
}

function toFacts(map: Readonly<Record<string, string>>, kind: string): [string, string][] {
  return Object.entries(map).map(([name, value]) => [kind, `${name}: ${value}`]);
}
