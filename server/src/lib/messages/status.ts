import type { messageStatus } from '../../db/schema.ts';

/** The states of a message and of each of its recipients. */
export type MessageStatus = (typeof messageStatus.enumValues)[number];

/**
 * A message with several recipients shows the first of these that any of them has, so that whatever still needs work or
 * attention is never hidden behind somebody else's success.
 */
const PRECEDENCE = [
  'queued',
  'sending',
  'unknown',
  'failed',
  'bounced',
  'spam',
  'sent',
  'delivered',
] as const satisfies readonly MessageStatus[];

/** Allowed changes of a message's state; anything else is refused by the conditional update that applies it. */
export const TRANSITIONS: Readonly<Record<MessageStatus, readonly MessageStatus[]>> = {
  queued: ['sending'],
  sending: ['queued', 'sent', 'delivered', 'failed', 'unknown'],
  unknown: ['sent', 'delivered', 'bounced', 'failed', 'queued'],
  sent: ['delivered', 'bounced', 'spam'],
  delivered: ['spam'],
  failed: ['queued'],
  bounced: [],
  spam: [],
};

/** States that wait for the queue or a worker; all others are ends, or wait for the outside world. */
export const UNFINISHED_STATUSES = ['queued', 'sending'] as const satisfies readonly MessageStatus[];

/** True where no worker has anything left to do. */
export function isEnded(status: MessageStatus): boolean {
  return !UNFINISHED_STATUSES.some((unfinished) => unfinished === status);
}

/**
 * The message's status from those of its recipients.
 *
 * @throws RangeError where there is none: a message always has a recipient
 */
export function deriveStatus(recipients: readonly MessageStatus[]): MessageStatus {
  const status = PRECEDENCE.find((candidate) => recipients.includes(candidate));
  if (!status) throw new RangeError('a message has at least one recipient');
  return status;
}
