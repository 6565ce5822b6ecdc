import { expect, test } from 'bun:test';
import { toPostmarkEvent } from './postmark-events.ts';
import { postmarkRecord } from './callback-test-records.ts';

const read = (value: unknown) => toPostmarkEvent(value, { provider: 'postmark' });

test.each([
  ['Delivery', 'delivered', '2026-09-01T10:00:00.000Z'],
  ['SpamComplaint', 'spam', '2026-09-01T10:00:00.273Z'],
  ['Open', 'opened', '2026-09-01T10:00:00.000Z'],
  ['Click', 'clicked', '2026-09-01T10:00:00.000Z'],
  ['SubscriptionChange', 'unsubscribed', '2026-09-01T10:00:00.000Z'],
] as const)('%s is %s', (recordType, type, at) => {
  const event = read(postmarkRecord(recordType));
  expect(event).toMatchObject({
    type,
    recipient: 'ada@example.net',
    providerMessageId: '00000000-0000-4000-8000-000000000001',
    messageId: '01990000-0000-7000-8000-000000000001',
  });
  expect(event?.occurredAt.toISOString()).toBe(at);
});

test.each([
  ['HardBounce', 'bounced_hard'],
  ['BadEmailAddress', 'bounced_hard'],
  ['SoftBounce', 'bounced_soft'],
  ['DnsError', 'bounced_soft'],
  ['Blocked', 'bounced_soft'],
  ['Transient', 'deferred'],
  ['SpamComplaint', 'spam'],
  ['Unsubscribe', 'unsubscribed'],
  ['ManuallyDeactivated', 'rejected'],
  ['SMTPApiError', 'rejected'],
  ['ATypeOfTomorrow', 'bounced_soft'],
  ['constructor', 'bounced_soft'],
  ['AutoResponder', undefined],
  ['InboundError', undefined],
])('a bounce of the type %s is %s', (Type, expected) => {
  const type: string | undefined = read(postmarkRecord('Bounce', { Type }))?.type;
  expect(type).toBe(expected);
});

test('the same record has the same id, another recipient, bounce or link another', () => {
  const ids = [
    postmarkRecord('Bounce'),
    postmarkRecord('Bounce'),
    postmarkRecord('Bounce', { ID: 43 }),
    postmarkRecord('Bounce', { Email: 'bob@example.net' }),
    postmarkRecord('Click'),
    postmarkRecord('Click', { OriginalLink: 'https://example.com/other' }),
  ].map((record) => read(record)?.providerEventId);
  expect(ids[0]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(5);
});

test.each([
  ['a suppression by hand', postmarkRecord('SubscriptionChange', { MessageID: null, Origin: 'Customer' })],
  ['a reactivation', postmarkRecord('SubscriptionChange', { SuppressSending: false })],
  ['a suppression after a bounce', postmarkRecord('SubscriptionChange', { SuppressionReason: 'HardBounce' })],
  ['mail that came in', { RecordType: 'Inbound', MessageID: 'x' }],
  ['a time that is none', postmarkRecord('Delivery', { DeliveredAt: 'soon' })],
  ['no record', 'x'],
  ['nothing', null],
])('%s tells nothing of a mail', (_what, value) => {
  expect(read(value)).toBeNull();
});
