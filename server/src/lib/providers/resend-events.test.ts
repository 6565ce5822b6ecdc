import { expect, test } from 'bun:test';
import { resendRecord } from './callback-test-records.ts';
import { toResendEvents } from './resend-events.ts';

const read = (value: unknown) => toResendEvents(value, { provider: 'resend' });

test.each([
  ['email.sent', 'sent'],
  ['email.delivered', 'delivered'],
  ['email.delivery_delayed', 'deferred'],
  ['email.bounced', 'bounced_hard'],
  ['email.complained', 'spam'],
  ['email.failed', 'rejected'],
  ['email.suppressed', 'rejected'],
  ['email.opened', 'opened'],
  ['email.clicked', 'clicked'],
] as const)('%s is %s', (name, type) => {
  expect(read(resendRecord(name))).toMatchObject([
    {
      type,
      recipient: 'ada@example.net',
      providerMessageId: '56761188-7520-42d8-8898-ff6fc54ce618',
      messageId: '01990000-0000-7000-8000-000000000001',
    },
  ]);
});

test('only a permanent bounce is hard', () => {
  const typeOf = (type: string) =>
    read(resendRecord('email.bounced', { bounce: { type, message: 'full' } }))[0]?.type;
  expect(['Permanent', 'Transient', 'Undetermined'].map(typeOf)).toEqual([
    'bounced_hard',
    'bounced_soft',
    'bounced_soft',
  ]);
});

test('of several recipients each was delivered to, but nobody is named for a bounce or complaint', () => {
  const to = ['ada@example.net', 'Bob <bob@example.net>'];
  const named = (name: string) => read(resendRecord(name, { to })).map(({ recipient }) => recipient);
  expect(named('email.delivered')).toEqual(['ada@example.net', 'bob@example.net']);
  expect([named('email.bounced'), named('email.complained'), named('email.opened')]).toEqual([
    [null],
    [null],
    [null],
  ]);
});

test('our id is found in tags of either form, and in the headers', () => {
  const value = '01990000-0000-7000-8000-000000000002';
  const idOf = (data: Record<string, unknown>) => read(resendRecord('email.delivered', data))[0]?.messageId;
  expect(idOf({ tags: [{ name: 'message_id', value }] })).toBe(value);
  expect(idOf({ tags: {}, headers: [{ name: 'X-Mail-Message-Id', value }] })).toBe(value);
  expect(idOf({ tags: { message_id: 'x' } })).toBeNull();
});

test('the same event has the same id, another time or link another', () => {
  const click = { link: 'https://example.com/a', timestamp: '2026-09-01T10:00:00.000Z' };
  const ids = [
    resendRecord('email.clicked', { click }),
    resendRecord('email.clicked', { click }),
    resendRecord('email.clicked', { click: { ...click, link: 'https://example.com/b' } }),
    { ...resendRecord('email.opened'), created_at: '2026-09-01T11:00:00.000Z' },
    resendRecord('email.opened'),
  ].map((record) => read(record)[0]?.providerEventId);
  expect(new Set(ids).size).toBe(4);
});

test.each([{ type: 'contact.created', data: { id: 'x' } }, { type: 'email.delivered' }, null, 'x'])(
  '%j tells nothing of a mail',
  (value) => {
    expect(read(value)).toEqual([]);
  },
);
