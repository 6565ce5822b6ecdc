import { createHmac } from 'node:crypto';

/** Our id in every record, unless a test says otherwise. */
const OWN_ID = '01990000-0000-7000-8000-000000000001';

const POSTMARK = {
  Delivery: {
    Recipient: 'ada@example.net',
    DeliveredAt: '2026-09-01T10:00:00Z',
    Details: 'smtp;250 2.0.0 OK',
  },
  Bounce: {
    ID: 42,
    Type: 'HardBounce',
    TypeCode: 1,
    Name: 'Hard bounce',
    Description: 'The server was unable to deliver your message (ex: unknown user, mailbox not found).',
    Details: 'smtp;550 5.1.1 no such user',
    Email: 'ada@example.net',
    From: 'shop@example.com',
    BouncedAt: '2026-09-01T06:00:00.2735393-04:00',
    DumpAvailable: true,
    Inactive: true,
    CanActivate: true,
    Subject: 'Hello',
  },
  SpamComplaint: {
    ID: 44,
    Type: 'SpamComplaint',
    TypeCode: 512,
    Email: 'ada@example.net',
    From: 'shop@example.com',
    BouncedAt: '2026-09-01T06:00:00.2735393-04:00',
    Details: 'feedback loop',
  },
  Open: {
    FirstOpen: true,
    Recipient: 'ada@example.net',
    ReceivedAt: '2026-09-01T10:00:00Z',
    UserAgent: 'Mozilla/5.0',
    Platform: 'WebMail',
  },
  Click: {
    ClickLocation: 'HTML',
    Recipient: 'ada@example.net',
    ReceivedAt: '2026-09-01T10:00:00Z',
    OriginalLink: 'https://example.com/a',
  },
  SubscriptionChange: {
    Recipient: 'ada@example.net',
    ChangedAt: '2026-09-01T10:00:00Z',
    Origin: 'Recipient',
    SuppressSending: true,
    SuppressionReason: 'ManualSuppression',
  },
} as const;

/** A record as Postmark posts it. */
export function postmarkRecord(
  type: keyof typeof POSTMARK,
  change: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    RecordType: type,
    MessageID: '00000000-0000-4000-8000-000000000001',
    ServerID: 23,
    MessageStream: 'outbound',
    Tag: '',
    Metadata: { message_id: OWN_ID },
    ...POSTMARK[type],
    ...change,
  };
}

const RESEND: Readonly<Record<string, Record<string, unknown>>> = {
  'email.bounced': {
    bounce: { message: "The recipient's address does not exist.", subType: 'General', type: 'Permanent' },
  },
  'email.failed': { failed: { reason: 'reached_daily_quota' } },
  'email.suppressed': {
    suppressed: { message: 'on the list of the account', type: 'OnAccountSuppressionList' },
  },
  'email.clicked': {
    click: {
      ipAddress: '192.0.2.1',
      link: 'https://example.com/a',
      timestamp: '2026-09-01T10:00:00.000Z',
      userAgent: 'Mozilla/5.0',
    },
  },
};

/** An event as Resend posts it. */
export function resendRecord(type: string, data: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type,
    created_at: '2026-09-01T10:00:00.000Z',
    data: {
      created_at: '2026-09-01T09:59:00.123456+00:00',
      email_id: '56761188-7520-42d8-8898-ff6fc54ce618',
      from: 'Shop <shop@example.com>',
      to: ['ada@example.net'],
      subject: 'Hello',
      tags: { message_id: OWN_ID },
      ...RESEND[type],
      ...data,
    },
  };
}

/** Headers that prove a body, as Svix makes them. */
export function signAsSvix(
  body: string,
  { secret, id = `msg_${Bun.randomUUIDv7()}`, at = new Date() }: { secret: string; id?: string; at?: Date },
): Record<string, string> {
  const time = String(Math.floor(at.getTime() / 1000));
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
  return { 'svix-id': id, 'svix-timestamp': time, 'svix-signature': `v1,${signature}` };
}
