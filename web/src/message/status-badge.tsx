import type { MessageStatus } from '@org/mail-sdk';

const TONES: Readonly<Record<MessageStatus, string>> = {
  scheduled: 'info',
  queued: 'info',
  sending: 'info',
  sent: 'good',
  delivered: 'good',
  bounced: 'danger',
  spam: 'danger',
  failed: 'danger',
  canceled: '',
  suppressed: 'warning',
  unknown: 'warning',
};

/** Where a message stands, in a word. */
export function StatusBadge({ status }: { status: MessageStatus }) {
  return <span class={`status ${TONES[status]}`}>{status}</span>;
}
