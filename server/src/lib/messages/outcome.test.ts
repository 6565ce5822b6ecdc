import { describe, expect, test } from 'bun:test';
import type { AttemptRecipient, AttemptResult } from './outcome.ts';
import { decideOutcome } from './outcome.ts';

const ADA: AttemptRecipient = { position: 0, email: 'ada@example.com', status: 'sending' };
const BOB: AttemptRecipient = { position: 1, email: 'bob@example.com', status: 'sending' };

function decide(
  result: AttemptResult,
  options: { recipients?: AttemptRecipient[]; isLastAttempt?: boolean } = {},
) {
  const { recipients = [ADA], isLastAttempt = false } = options;
  return decideOutcome({ recipients, result, isLastAttempt });
}

const sent = {
  kind: 'sent',
  providerMessageId: 'p1',
  response: '250 ok',
  refused: [],
  isDelivered: false,
} as const;
const types = (outcome: ReturnType<typeof decide>) => outcome.events.map(({ type }) => type);

describe('outcome of an attempt', () => {
  test('sent to all: sent, with the provider id and words', () => {
    const outcome = decide(sent, { recipients: [ADA, BOB] });
    expect(outcome).toMatchObject({ status: 'sent', providerMessageId: 'p1', lastError: null });
    expect(outcome.recipients.map(({ status }) => status)).toEqual(['sent', 'sent']);
    expect(outcome.events).toEqual([{ type: 'sent', recipient: null, detail: '250 ok', tells: null }]);
  });

  test('accepted by the inbox: delivered', () => {
    expect(decide({ ...sent, isDelivered: true })).toMatchObject({ status: 'delivered' });
  });

  test("one recipient's refusal is not hidden by another's success", () => {
    const refused = [{ address: BOB.email, isPermanent: true, response: '550 no such user' }];
    const outcome = decide({ ...sent, refused }, { recipients: [ADA, BOB] });
    expect(outcome.status).toBe('failed');
    expect(outcome.recipients).toEqual([
      { position: 0, status: 'sent', response: '250 ok' },
      { position: 1, status: 'failed', response: '550 no such user' },
    ]);
    expect(types(outcome)).toEqual(['sent', 'refused', 'failed']);
  });

  test('a recipient that is to come later keeps the message queued, and only that recipient', () => {
    const refused = [{ address: BOB.email, isPermanent: false, response: '451 greylisted' }];
    const outcome = decide({ ...sent, refused }, { recipients: [ADA, BOB] });
    expect(outcome.status).toBe('queued');
    expect(outcome.recipients.map(({ status }) => status)).toEqual(['sent', 'queued']);
    expect(types(outcome)).toEqual(['sent', 'refused', 'deferred']);
  });

  test('a retry leaves alone who got it before', () => {
    const outcome = decide(sent, { recipients: [{ ...ADA, status: 'sent' }, BOB] });
    expect(outcome.recipients.map(({ position }) => position)).toEqual([1]);
    expect(outcome.status).toBe('sent');
  });

  test('a retry that succeeds does not hide an earlier refusal', () => {
    expect(decide(sent, { recipients: [{ ...ADA, status: 'failed' }, BOB] }).status).toBe('failed');
  });

  test('rejected: failed at once, however many attempts are left', () => {
    const outcome = decide({ kind: 'rejected', response: '554 spam', refused: [] });
    expect(outcome).toMatchObject({ status: 'failed', lastError: '554 spam' });
    expect(types(outcome)).toEqual(['failed']);
  });

  test('deferred: queued with the wish of the provider, failed after the last attempt', () => {
    const deferred = { kind: 'deferred', response: '450 later', retryAfterMs: 5000, refused: [] } as const;
    expect(decide(deferred)).toMatchObject({ status: 'queued', retryAfterMs: 5000 });
    expect(types(decide(deferred))).toEqual(['deferred']);
    const last = decide(deferred, { isLastAttempt: true });
    expect(last).toMatchObject({ status: 'failed', lastError: '450 later' });
    expect(types(last)).toEqual(['failed']);
  });

  test('deferred with one refused for good: that one fails, the other waits', () => {
    const refused = [{ address: BOB.email, isPermanent: true, response: '550 no' }];
    const outcome = decide(
      { kind: 'deferred', response: '450 later', retryAfterMs: null, refused },
      { recipients: [ADA, BOB] },
    );
    expect(outcome.recipients.map(({ status }) => status)).toEqual(['queued', 'failed']);
    expect(outcome.status).toBe('queued');
  });

  test('a provider that is down is tried again, until the last attempt', () => {
    expect(decide({ kind: 'provider_down', reason: 'ECONNREFUSED' }).status).toBe('queued');
    expect(decide({ kind: 'provider_down', reason: 'ECONNREFUSED' }, { isLastAttempt: true }).status).toBe(
      'failed',
    );
  });

  test('a lost answer is unknown, never queued again', () => {
    const outcome = decide({ kind: 'ambiguous', reason: 'connection lost' }, { recipients: [ADA, BOB] });
    expect(outcome.status).toBe('unknown');
    expect(outcome.recipients.map(({ status }) => status)).toEqual(['unknown', 'unknown']);
    expect(types(outcome)).toEqual(['unknown']);
  });

  test('a template that does not render fails its message for good', () => {
    const outcome = decide({ kind: 'unsendable', code: 'template_timeout', message: 'took too long' });
    expect(outcome).toMatchObject({ status: 'failed', lastError: 'template_timeout: took too long' });
  });

  test('what this process could not finish goes back at once, and the attempt does not count', () => {
    const outcome = decide({ kind: 'handed_back' }, { isLastAttempt: true });
    expect(outcome).toMatchObject({ status: 'queued', isRefunded: true, retryAfterMs: 0, lastError: null });
    expect(types(outcome)).toEqual(['deferred']);
    expect(decide(sent).isRefunded).toBe(false);
  });

  test('without a way out it waits as long as it takes, and the attempt does not count', () => {
    const closed = { kind: 'no_provider', reason: 'all breakers are open', retryAfterMs: 700 } as const;
    const outcome = decide(closed, { isLastAttempt: true });
    expect(outcome).toMatchObject({ status: 'queued', isRefunded: true, retryAfterMs: 700 });
    expect(outcome.events).toMatchObject([{ type: 'deferred', detail: closed.reason, tells: 'queued' }]);
  });

  test('with nobody left it ends as what became of the others says', () => {
    const nobody = { kind: 'nobody_left' } as const;
    expect(decide(nobody, { recipients: [{ ...ADA, status: 'suppressed' }] }).status).toBe('suppressed');
    const mixed: AttemptRecipient[] = [
      { ...ADA, status: 'sent' },
      { ...BOB, status: 'suppressed' },
    ];
    expect(decide(nobody, { recipients: mixed })).toMatchObject({ status: 'sent', recipients: [] });
    // The database writes the one line that came true.
    const told = decide(nobody, { recipients: mixed }).events.filter(({ tells }) => tells === 'sent');
    expect(told.map(({ type }) => type)).toEqual(['sent']);
  });

  test('lines that tell of a state name it, so that an overtaken one is not written', () => {
    const ambiguous = decide({ kind: 'ambiguous', reason: 'lost' });
    expect(ambiguous.events.map(({ tells }) => tells)).toEqual(['unknown']);
    expect(decide(sent).events.map(({ tells }) => tells)).toEqual([null]);
  });

  test('an unexpected end is tried again before the hand-over, and unknown after it', () => {
    const crashed = { kind: 'crashed', message: 'out of luck' } as const;
    expect(decide({ ...crashed, wasHandedOver: false })).toMatchObject({
      status: 'queued',
      lastError: 'out of luck',
    });
    expect(decide({ ...crashed, wasHandedOver: false }, { isLastAttempt: true }).status).toBe('failed');
    const after = decide({ ...crashed, wasHandedOver: true });
    expect(after.status).toBe('unknown');
    expect(types(after)).toEqual(['unknown']);
  });

  test('a refusal of an address that was not asked for changes nothing', () => {
    const refused = [{ address: 'eve@example.com', isPermanent: true, response: '550' }];
    expect(types(decide({ ...sent, refused }))).toEqual(['sent']);
  });
});
