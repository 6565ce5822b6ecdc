import type { messageStatus } from '../../db/schema.ts';

/** The states of a message and of each of its recipients. */
export type MessageStatus = (typeof messageStatus.enumValues)[number];

/**
 * Every change of state that there is, for messages and recipients alike; docs/message-states.md draws it. Updates name the states they may
 * come from ({@link predecessorsOf}), so that a late or repeated report never moves a message backwards.
 */
export const TRANSITIONS = {
  scheduled: ['queued', 'canceled'],
  // A message becomes `suppressed` from `sending`; a recipient straight away, when its message is claimed.
  queued: ['sending', 'canceled', 'suppressed'],
  // Back to `queued` when an attempt is to be repeated; a provider's event may overtake the answer to the hand-over.
  sending: ['queued', 'sent', 'delivered', 'bounced', 'spam', 'failed', 'suppressed', 'unknown'],
  // `failed`: some providers accept first and look for viruses later.
  sent: ['delivered', 'bounced', 'spam', 'failed'],
  // Some mailboxes accept first and bounce later.
  delivered: ['bounced', 'spam'],
  bounced: [],
  spam: [],
  failed: ['queued'],
  canceled: [],
  suppressed: [],
  // Resolved by what a provider reports, or by an operator.
  unknown: ['queued', 'sent', 'delivered', 'bounced', 'spam', 'failed'],
} as const satisfies Record<MessageStatus, readonly MessageStatus[]>;

/** True where a message in state `from` may become `to`. */
export function canBecome(from: MessageStatus, to: MessageStatus): boolean {
  const allowed: readonly MessageStatus[] = TRANSITIONS[from];
  return allowed.includes(to);
}

const STATUSES = Object.keys(TRANSITIONS).filter((status): status is MessageStatus => status in TRANSITIONS);

/** The states from which a message may become `to`, for the condition of an update. */
export function predecessorsOf(to: MessageStatus): MessageStatus[] {
  return STATUSES.filter((from) => canBecome(from, to));
}

/**
 * A message with several recipients shows the first of these that any of them has, so that whatever still needs work or
 * attention is never hidden behind somebody else's success.
 */
export const PRECEDENCE = [
  'scheduled',
  'queued',
  'sending',
  'unknown',
  'failed',
  'bounced',
  'spam',
  'sent',
  'delivered',
  'canceled',
  'suppressed',
] as const satisfies readonly MessageStatus[];

/** States that wait for the queue or a worker; all others are ends, or wait for a time or the outside world. */
export const UNFINISHED_STATUSES = ['queued', 'sending'] as const satisfies readonly MessageStatus[];

/**
 * The message's status from those of its recipients; suppressed ones count only where all of them are.
 *
 * @throws RangeError where there is none: a message always has a recipient
 */
export function deriveStatus(recipients: readonly MessageStatus[]): MessageStatus {
  const status = PRECEDENCE.find((candidate) => recipients.includes(candidate));
  if (!status) throw new RangeError('a message has at least one recipient');
  return status;
}
