import type { MessageStatus } from '@org/mail-sdk';
import { membersOf } from './choice.ts';

/** Every status of a message. */
export const STATUSES = membersOf<MessageStatus>({
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
});

const BAD: readonly string[] = ['failed', 'bounced', 'spam', 'unknown', 'refused', 'deferred', 'suppressed'];

/** Whether somebody should look at it. */
export function isBad(state: string): boolean {
  return BAD.includes(state);
}
