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

/** States that wait for the queue or a worker; all others are ends, or wait for the outside world. */
export const UNFINISHED_STATUSES = ['queued', 'sending'] as const satisfies readonly MessageStatus[];

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
