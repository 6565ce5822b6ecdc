import { MailError } from './mail-error.ts';
import type { CallOptions } from './options.ts';
import { pause } from './transport.ts';
import type { Message, MessageStatus } from './types.ts';

/** How long to wait for a status, and what ends the waiting. */
export type WaitOptions = Pick<CallOptions, 'signal'> & {
  /** In milliseconds. Default 30,000. */
  timeoutMs?: number;
};

/** The way of a message that goes well; whoever waits for one of these is content with a later one. */
const WAY: readonly MessageStatus[] = ['scheduled', 'queued', 'sending', 'sent', 'delivered'];
/** Nothing more happens to these by itself. `sent` may still become something else, by what the provider reports. */
const ENDED: readonly MessageStatus[] = [
  'delivered',
  'bounced',
  'spam',
  'failed',
  'canceled',
  'suppressed',
  'unknown',
];

const DEFAULT_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/**
 * Asks until the message has the status, or one further on the same way; without a status until no worker has anything left to do
 * with it.
 *
 * @throws MailError `message_ended` where it can no longer get there, `wait_timeout`, `aborted`
 *
 * @internal
 */
export async function waitForStatus(
  get: (options: CallOptions) => Promise<Message>,
  { status, signal, timeoutMs = DEFAULT_TIMEOUT_MS }: WaitOptions & { status: MessageStatus | undefined },
): Promise<Message> {
  const endsAtMs = Date.now() + timeoutMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    const message = await get({ signal });
    if (hasReached(message.status, status)) return message;
    if (ENDED.includes(message.status)) {
      const text = `Message ${message.id} is ${message.status}, and will not be ${status}.`;
      throw new MailError({ code: 'message_ended', message: text });
    }
    const leftMs = endsAtMs - Date.now();
    if (leftMs <= 0) {
      const text = `Message ${message.id} is still ${message.status} after ${timeoutMs} ms.`;
      throw new MailError({ code: 'wait_timeout', message: text });
    }
    await pause(Math.min(pauseMs, leftMs), signal);
  }
}

function hasReached(now: MessageStatus, wanted: MessageStatus | undefined): boolean {
  if (wanted === undefined) return now === 'sent' || ENDED.includes(now);
  return now === wanted || (WAY.includes(wanted) && WAY.indexOf(now) > WAY.indexOf(wanted));
}
