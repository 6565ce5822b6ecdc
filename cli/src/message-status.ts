import type { MessageStatus } from '@org/mail-sdk';

// Held complete by the type: a status that the service adds is missing here at compile time.
const ALL: Readonly<Record<MessageStatus, true>> = {
  scheduled: true,
  queued: true,
  sending: true,
  sent: true,
  delivered: true,
  bounced: true,
  spam: true,
  failed: true,
  canceled: true,
  suppressed: true,
  unknown: true,
};

/** Every status of a message. */
export const STATUSES: readonly string[] = Object.keys(ALL);

export function isStatus(text: string): text is MessageStatus {
  return STATUSES.includes(text);
}

const BAD: readonly string[] = ['failed', 'bounced', 'spam', 'unknown', 'refused', 'deferred', 'suppressed'];

/** Whether somebody should look at it. */
export function isBad(state: string): boolean {
  return BAD.includes(state);
}
