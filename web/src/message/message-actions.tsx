import type { Mailer, Message } from '@org/mail-sdk';
import { Link } from '../shared/link.tsx';

type MessageActionsProps = {
  api: Mailer;
  message: Message;
  /** Does something, then says so and looks again. */
  act: (said: string, work: () => Promise<unknown>) => Promise<void>;
};

/** What can be done to the message as it stands. */
export function MessageActions({ api, message, act }: MessageActionsProps) {
  const { id, status, provider } = message;
  const { messages } = api;
  const actions: Partial<
    Record<Message['status'], [label: string, said: string, work: () => Promise<unknown>][]>
  > = {
    scheduled: [
      ['Deliver now', 'On its way', () => messages.reschedule(id, new Date())],
      ['Cancel', 'Canceled', () => messages.cancel(id)],
    ],
    queued: [['Cancel', 'Canceled', () => messages.cancel(id)]],
    failed: [['Send again', 'On its way', () => messages.retry(id)]],
    unknown: [
      ['It was sent', 'Resolved as sent', () => messages.resolve(id, 'sent')],
      ['It was not', 'Resolved as failed', () => messages.resolve(id, 'failed')],
      ['Send again', 'On its way', () => messages.resolve(id, 'retry')],
    ],
  };
  return (
    <div class="mail-actions">
      {(actions[status] ?? []).map(([label, said, work], index) => (
        <button
          key={label}
          type="button"
          class={`button ${index === 0 ? 'primary' : ''}`}
          onClick={() => void act(said, work)}
        >
          {label}
        </button>
      ))}
      {provider === 'inbox' ? (
        <Link class="button" href={`/inbox/${id}`}>
          In the inbox
        </Link>
      ) : null}
    </div>
  );
}
