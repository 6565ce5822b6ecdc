import { describe, expect, test } from 'bun:test';
import type { ProviderEvent, ProviderEventType } from '../providers/provider-event.ts';
import { decideProviderEvents, type ReportedMessage } from './provider-events.ts';
import type { MessageStatus } from './status.ts';

const ADA = 'ada@example.com';
const BOB = 'bob@example.com';

function message(
  statuses: MessageStatus[],
  { status = statuses[0] ?? 'sent', providerMessageId = null }: Partial<ReportedMessage> = {},
): ReportedMessage {
  const emails = [ADA, BOB];
  return {
    status,
    providerMessageId,
    lastError: 'as it was',
    recipients: statuses.map((state, position) => ({
      position,
      email: emails[position] ?? `r${position}@example.com`,
      status: state,
    })),
  };
}

let serial = 0;

function event(type: ProviderEventType, facts: Partial<ProviderEvent> = {}): ProviderEvent {
  serial += 1;
  return {
    providerEventId: `e${serial}`,
    provider: 'ses',
    providerMessageId: 'p1',
    messageId: null,
    type,
    recipient: ADA,
    occurredAt: new Date('2026-11-21T08:00:00Z'),
    detail: `the words of ${type}`,
    ...facts,
  };
}

const typesOf = ({ facts }: ReturnType<typeof decideProviderEvents>) => facts.map(({ type }) => type);
const statesOf = ({ recipients }: ReturnType<typeof decideProviderEvents>) =>
  recipients.map(({ position, status }) => [position, status]);

describe('what a provider event means', () => {
  test.each([
    ['delivered', 'delivered', 'delivered', null],
    ['bounced_hard', 'bounced', 'bounced', 'hard_bounce'],
    ['bounced_soft', 'bounced', 'bounced', null],
    ['spam', 'spam', 'spam', 'complaint'],
    ['rejected', 'failed', 'failed', null],
    ['deferred', 'sent', 'deferred', null],
    ['opened', 'sent', 'opened', null],
    ['clicked', 'sent', 'clicked', null],
    ['unsubscribed', 'sent', 'unsubscribed', 'unsubscribe'],
  ] as const)('%s of a sent mail: %s', (type, status, fact, reason) => {
    const findings = decideProviderEvents(message(['sent']), [event(type)]);
    expect(findings.status).toBe(status);
    expect(typesOf(findings)).toEqual([fact]);
    expect(findings.suppressions).toEqual(reason ? [{ email: ADA, reason }] : []);
  });

  test('the words of a bounce are kept with the recipient and the message', () => {
    const findings = decideProviderEvents(message(['sent']), [
      event('bounced_hard', { detail: '550 gone\0' }),
    ]);
    expect(findings.lastError).toBe('550 gone\uFFFD');
    expect(findings.recipients).toEqual([
      { position: 0, from: 'sent', status: 'bounced', response: '550 gone\uFFFD' },
    ]);
  });

  test('a provider that says what we wrote ourselves adds nothing', () => {
    const findings = decideProviderEvents(message(['sent']), [event('sent')]);
    expect(findings).toMatchObject({ status: 'sent', facts: [], recipients: [], lastError: 'as it was' });
  });

  test('no order of events moves a message backwards', () => {
    const events = [event('sent'), event('delivered'), event('spam')];
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    for (const order of orders) {
      const sorted = order.flatMap((index) => events[index] ?? []);
      expect(decideProviderEvents(message(['sending']), sorted).status).toBe('spam');
    }
  });

  test.each(['failed', 'canceled', 'suppressed', 'bounced', 'spam', 'queued', 'scheduled'] as const)(
    '%s stays so whatever is reported late; the timeline tells',
    (status) => {
      const findings = decideProviderEvents(message([status]), [event('delivered')]);
      expect(findings).toMatchObject({ status, recipients: [] });
      expect(typesOf(findings)).toEqual(['delivered']);
    },
  );

  test.each(['sending', 'unknown'] as const)(
    'any sign of life proves that a mail in %s was taken',
    (from) => {
      const findings = decideProviderEvents(message([from]), [event('opened', { recipient: null })]);
      expect(findings).toMatchObject({ status: 'sent', providerMessageId: 'p1', lastError: null });
      expect(typesOf(findings)).toEqual(['sent', 'opened']);
    },
  );
});

describe('several recipients', () => {
  test('each has a state, and the message the first of theirs', () => {
    const one = decideProviderEvents(message(['sent', 'sent']), [event('delivered')]);
    expect(one.status).toBe('sent');
    expect(statesOf(one)).toEqual([[0, 'delivered']]);
    const both = decideProviderEvents(message(['sent', 'sent']), [
      event('delivered'),
      event('bounced_hard', { recipient: BOB }),
    ]);
    expect(both.status).toBe('bounced');
    expect(both.suppressions).toEqual([{ email: BOB, reason: 'hard_bounce' }]);
  });

  test('whom the provider writes in another way is found', () => {
    const findings = decideProviderEvents(message(['sent', 'sent']), [
      event('delivered', { recipient: '"Ada" <ADA@Example.COM>' }),
    ]);
    expect(statesOf(findings)).toEqual([[0, 'delivered']]);
  });

  test('without a name an event is about all, but suppresses nobody', () => {
    const findings = decideProviderEvents(message(['sent', 'sent']), [
      event('bounced_hard', { recipient: null }),
    ]);
    expect(findings).toMatchObject({ status: 'bounced', suppressions: [] });
    expect(statesOf(findings)).toEqual([
      [0, 'bounced'],
      [1, 'bounced'],
    ]);
  });

  test('a stranger moves and suppresses nobody', () => {
    const findings = decideProviderEvents(message(['sent']), [
      event('spam', { recipient: 'forwarded@example.org' }),
    ]);
    expect(findings).toMatchObject({ status: 'sent', recipients: [], suppressions: [] });
    expect(typesOf(findings)).toEqual(['spam']);
  });

  test('the last one of an unknown message ends it, even where it was not about the end', () => {
    const findings = decideProviderEvents(message(['failed', 'unknown'], { status: 'unknown' }), [
      event('delivered', { recipient: BOB }),
    ]);
    expect(findings.status).toBe('failed');
    expect(typesOf(findings)).toEqual(['delivered', 'failed']);
  });
});

describe('more than one hand-over', () => {
  test('news of a recorded hand-over do not touch who is in flight in a later one', () => {
    const retried = message(['sent', 'sending'], { status: 'sending', providerMessageId: 'p1' });
    const findings = decideProviderEvents(retried, [event('opened', { recipient: null })]);
    expect(findings).toMatchObject({ status: 'sending', recipients: [] });
    const named = decideProviderEvents(retried, [event('delivered')]);
    expect(statesOf(named)).toEqual([[0, 'delivered']]);
  });

  test("the provider's id is taken once nobody is in flight, so that each event finds its recipient", () => {
    const flying = message(['unknown', 'unknown']);
    const first = decideProviderEvents(flying, [event('delivered')]);
    expect(first).toMatchObject({ status: 'unknown', providerMessageId: null });
    const rest = message(['delivered', 'unknown'], { status: 'unknown' });
    const second = decideProviderEvents(rest, [event('delivered', { recipient: BOB })]);
    expect(second).toMatchObject({ status: 'delivered', providerMessageId: 'p1' });
  });
});
