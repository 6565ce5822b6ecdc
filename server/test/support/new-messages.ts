import type { NewMessage, WriteUnit } from '../../src/lib/db/messages-write.ts';
import type { Claim } from '../../src/lib/idempotency/claim.ts';
import type { MailQueue } from '../../src/lib/queue/mail-queue.ts';

/** Scheduled far ahead, so that no worker takes part. */
export function scheduledMessage({
  clientId,
  ...changes
}: Partial<NewMessage['row']> & { clientId: string }): NewMessage {
  const id = Bun.randomUUIDv7();
  return {
    row: {
      id,
      clientId,
      mode: 'live',
      status: 'scheduled',
      traceId: '0'.repeat(32),
      templateVersionId: null,
      templateName: null,
      templateVersion: null,
      props: null,
      locale: null,
      html: null,
      text: 'x',
      bodyBlob: null,
      givenSubject: 'x',
      subject: 'x',
      fromAddress: 'shop@example.com',
      replyTo: ['"A, b" <a@example.com>', '{}'],
      headers: { 'X-A': 'ä "quoted" \\ {}' },
      tags: {},
      metadata: { __proto: 'x' },
      recipient: 'ada@example.net',
      priority: 'high',
      scheduledAt: new Date(Date.now() + 3_600_000),
      unsubscribeSecret: null,
      createdAt: new Date(),
      ...changes,
    },
    recipients: [
      { kind: 'to', email: 'ada@example.net', name: 'Ada "L" \u{1F600}' },
      { kind: 'bcc', email: 'b@example.net', name: null },
    ],
    attachments: [],
    job: null,
  };
}

/** A request for one message. */
export function unitOf(message: NewMessage, claim: Claim | null = null): WriteUnit {
  return {
    messages: [message],
    claim,
    usage: null,
    isWhole: true,
    answer: () => ({ status: 202, response: JSON.stringify({ messageId: message.row.id }) }),
  };
}

/** Takes everything and keeps nothing. */
export const NO_QUEUE: MailQueue = {
  add: async () => {},
  findAlive: async () => new Set(),
  depth: async () => ({ waiting: 0, delayed: 0, active: 0 }),
  pause: async () => {},
  resume: async () => {},
  isPaused: async () => false,
  ping: async () => {},
  close: async () => {},
};
