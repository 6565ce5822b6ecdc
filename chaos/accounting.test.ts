import { describe, expect, test } from 'bun:test';
import { account, type Finding } from './accounting.ts';
import type { Evidence, Step } from './evidence.ts';
import type { Incident } from './journal.ts';
import type { Visit } from './provider.ts';

const START = 1_000_000;

function visitOf(number: number, changes: Partial<Visit> = {}): Visit {
  return {
    provider: 'primary',
    messageId: `m${number}`,
    token: `t${number}`,
    isIntact: true,
    recipients: [`user-${number}@example.net`],
    at: START + 100,
    answeredAt: START + 120,
    end: 'answered',
    isStored: true,
    ...changes,
  };
}

/** Three messages, each of them sent and stored. */
function goodRun(): Evidence {
  const numbers = [1, 2, 3];
  return {
    promises: numbers.map((n) => ({ id: `m${n}`, token: `t${n}`, recipients: [`user-${n}@example.net`] })),
    unansweredTokens: new Set(),
    isIdempotent: true,
    states: new Map(numbers.map((n) => [`m${n}`, { status: 'sent', attempts: 1, lastError: null }])),
    timelines: new Map(),
    visits: numbers.map((n) => visitOf(n)),
    incidents: [],
    concurrency: 10,
    workers: 3,
    leaseMs: 8000,
  };
}

function withStatus(evidence: Evidence, id: string, status: string): Evidence {
  const states = new Map(evidence.states);
  states.set(id, { status, attempts: 1, lastError: null });
  return { ...evidence, states };
}

const UNKNOWN_TIMELINE: Step[] = [
  { type: 'accepted', at: START, attempt: 0, provider: null, detail: null },
  { type: 'attempted', at: START + 10, attempt: 1, provider: null, detail: null },
  { type: 'handed_over', at: START + 90, attempt: 1, provider: 'primary', detail: null },
  { type: 'unknown', at: START + 8500, attempt: 1, provider: null, detail: null },
];

/** Message 2 ended `unknown`; the rest is what the case makes of it. */
function unknownRun(changes: Partial<Evidence> = {}, second: Partial<Visit> = {}): Evidence {
  const evidence = withStatus(goodRun(), 'm2', 'unknown');
  return {
    ...evidence,
    visits: [visitOf(1), visitOf(2, second), visitOf(3)],
    timelines: new Map([['m2', UNKNOWN_TIMELINE]]),
    ...changes,
  };
}

function killAt(at: number, changes: Partial<Incident> = {}): Incident {
  return { blow: 'worker killed', target: 'worker 1', at, endedAt: at + 500, ...changes };
}

const kindsOf = (findings: readonly Finding[]) =>
  findings.map(({ kind, messageId }) => `${kind} ${messageId}`);

describe('the account', () => {
  test('of a run without a fault is clean', () => {
    expect(account(goodRun())).toMatchObject({ accepted: 3, delivered: 3, findings: [], isGood: true });
  });

  test('of a run in which nothing was delivered is not good: it has shown nothing', () => {
    expect(account({ ...goodRun(), promises: [], visits: [] }).isGood).toBe(false);
  });

  test('reports a mail that is said to be sent and is at no provider as lost', () => {
    const evidence = goodRun();
    const result = account({ ...evidence, visits: evidence.visits.slice(1) });
    expect(result).toMatchObject({ delivered: 2, lost: 1, isGood: false });
    expect(kindsOf(result.findings)).toEqual(['lost m1']);
  });

  test('takes a mail that was deferred or cut off for no mail at all', () => {
    const refused = visitOf(1, { isStored: false, end: 'deferred' });
    expect(account({ ...goodRun(), visits: [refused, visitOf(2), visitOf(3)] })).toMatchObject({
      lost: 1,
      isGood: false,
    });
  });

  test('reports a mail that reached one of two recipients as lost', () => {
    const evidence = goodRun();
    const promises = evidence.promises.map((promise) => ({
      ...promise,
      recipients: [...promise.recipients, ...(promise.id === 'm1' ? ['user-1-cc@example.net'] : [])],
    }));
    expect(account({ ...evidence, promises })).toMatchObject({ lost: 1, isGood: false });
  });

  test('reports a promise that the API does not know as lost', () => {
    const evidence = goodRun();
    const states = new Map([...evidence.states].filter(([id]) => id !== 'm3'));
    expect(account({ ...evidence, states })).toMatchObject({ lost: 1, isGood: false });
  });

  test.each(['queued', 'sending', 'scheduled'])(
    'reports a message that is %s at the end as stuck',
    (status) => {
      const result = account(withStatus(goodRun(), 'm2', status));
      expect(result).toMatchObject({ delivered: 2, stuck: 1, isGood: false });
      expect(kindsOf(result.findings)).toEqual(['stuck m2']);
    },
  );

  test('reports a failure that nobody planned', () => {
    const evidence = goodRun();
    const visits = evidence.visits.filter(({ messageId }) => messageId !== 'm2');
    const result = account(withStatus({ ...evidence, visits }, 'm2', 'failed'));
    expect(result).toMatchObject({ failed: 0, misjudged: 1, isGood: false });
  });

  test('expects a failure where a recipient was marked for it, and nothing else', () => {
    const evidence = goodRun();
    const promises = evidence.promises.map((promise) =>
      promise.id === 'm2' ? { ...promise, recipients: ['refuse-2@example.net'] } : promise,
    );
    const visits = evidence.visits.filter(({ messageId }) => messageId !== 'm2');
    const planned = { ...evidence, promises, visits };
    expect(account(withStatus(planned, 'm2', 'failed'))).toMatchObject({
      failed: 1,
      misjudged: 0,
      isGood: true,
    });
    expect(account(planned)).toMatchObject({ failed: 0, misjudged: 1, isGood: false });
  });

  test('counts a mail that came twice, by Message-ID and recipient', () => {
    const evidence = goodRun();
    const result = account({ ...evidence, visits: [...evidence.visits, visitOf(2, { provider: 'backup' })] });
    expect(result).toMatchObject({ duplicates: 1, isGood: false });
    expect(kindsOf(result.findings)).toEqual(['duplicate m2']);
  });

  test('counts a mail that came for its other recipient later as one', () => {
    const evidence = goodRun();
    const promises = evidence.promises.map((promise) =>
      promise.id === 'm2'
        ? { ...promise, recipients: ['user-2@example.net', 'user-2-cc@example.net'] }
        : promise,
    );
    const visits = [...evidence.visits, visitOf(2, { recipients: ['user-2-cc@example.net'] })];
    expect(account({ ...evidence, promises, visits })).toMatchObject({
      duplicates: 0,
      delivered: 3,
      isGood: true,
    });
  });

  test('counts two messages of one request, where it carried an idempotency key', () => {
    const evidence = goodRun();
    const visits = [...evidence.visits, visitOf(9, { token: 't2', recipients: ['user-2@example.net'] })];
    const unansweredTokens = new Set(['t2']);
    expect(account({ ...evidence, visits, unansweredTokens })).toMatchObject({
      duplicates: 1,
      doubled: 1,
      isGood: false,
    });
    expect(account({ ...evidence, visits, unansweredTokens, isIdempotent: false })).toMatchObject({
      duplicates: 0,
    });
  });

  test('reports a mail that nobody asked for, but not one whose caller never got the answer', () => {
    const evidence = goodRun();
    const visits = [...evidence.visits, visitOf(9)];
    expect(account({ ...evidence, visits })).toMatchObject({ strangers: 1, isGood: false });
    const unansweredTokens = new Set(['t9']);
    expect(account({ ...evidence, visits, unansweredTokens })).toMatchObject({
      strangers: 0,
      unpromised: 1,
      isGood: true,
    });
  });

  test("reports a mail with another one's words", () => {
    const evidence = goodRun();
    const swapped = (changes: Partial<Visit>) => [visitOf(1, changes), visitOf(2), visitOf(3)];
    expect(account({ ...evidence, visits: swapped({ token: 't3' }) })).toMatchObject({
      mixedUp: 1,
      isGood: false,
    });
    expect(account({ ...evidence, visits: swapped({ isIntact: false }) })).toMatchObject({
      mixedUp: 1,
      isGood: false,
    });
  });
});

describe('an unknown message', () => {
  test('is not good where nothing cut it off', () => {
    const result = account(unknownRun());
    expect(result).toMatchObject({ delivered: 2, unknown: 1, unexplained: 1, isGood: false });
    expect(kindsOf(result.findings)).toEqual(['unexplained m2']);
  });

  test('is explained by what its provider did to it, whether the mail arrived or not', () => {
    const swallowed = account(unknownRun({}, { end: 'cut before the answer' }));
    expect(swallowed).toMatchObject({ unknown: 1, unexplained: 0, isGood: true });
    const cut = account(unknownRun({}, { end: 'cut in the message', isStored: false }));
    expect(cut).toMatchObject({ unknown: 1, unexplained: 0, isGood: true });
  });

  test('is not explained by what happened to it before this attempt, or at another provider', () => {
    const early = account(unknownRun({}, { end: 'cut in the message', isStored: false, at: START - 5000 }));
    expect(early).toMatchObject({ unexplained: 1, isGood: false });
    const elsewhere = account(
      unknownRun({}, { end: 'cut in the message', isStored: false, provider: 'backup' }),
    );
    expect(elsewhere).toMatchObject({ unexplained: 1, isGood: false });
  });

  test('is explained by the death of a worker between the hand-over and the answer', () => {
    expect(account(unknownRun({ incidents: [killAt(START + 110)] }))).toMatchObject({
      unexplained: 0,
      isGood: true,
    });
  });

  test('is not explained by a death before it, or long after the answer', () => {
    for (const at of [START, START + 5000]) {
      expect(account(unknownRun({ incidents: [killAt(at)] }))).toMatchObject({
        unexplained: 1,
        isGood: false,
      });
    }
  });

  test('is explained by a death long after the answer where the database was away in between', () => {
    const away = killAt(START + 100, { blow: 'postgres killed', target: 'postgres', endedAt: START + 4500 });
    const result = account(unknownRun({ incidents: [away, killAt(START + 5000)] }));
    expect(result).toMatchObject({ unexplained: 0, isGood: true });
  });

  test('is explained by a database that was away until the lease was over, and by no shorter outage', () => {
    const away = (endedAt: number) =>
      killAt(START + 100, { blow: 'postgres killed', target: 'postgres', endedAt });
    expect(account(unknownRun({ incidents: [away(START + 9000)] }))).toMatchObject({
      unexplained: 0,
      isGood: true,
    });
    expect(account(unknownRun({ incidents: [away(START + 2000)] }))).toMatchObject({
      unexplained: 1,
      isGood: false,
    });
  });

  test('is explained by the outage of its provider, unless that had answered', () => {
    const outage = killAt(START + 95, { blow: 'provider down', target: 'primary' });
    expect(account(unknownRun({ incidents: [outage] }))).toMatchObject({ unexplained: 1 });
    const unseen = unknownRun({ incidents: [outage], visits: [visitOf(1), visitOf(3)] });
    expect(account(unseen)).toMatchObject({ unexplained: 0, isGood: true });
    const elsewhere = { ...outage, target: 'backup' };
    expect(account({ ...unseen, incidents: [elsewhere] })).toMatchObject({ unexplained: 1 });
  });

  test('is too many where there are more than kills and cuts can have made', () => {
    const evidence = unknownRun({ incidents: [killAt(START + 110)], concurrency: 0 });
    expect(account(evidence)).toMatchObject({ unknown: 1, unexplained: 0, unknownAllowed: 0, isGood: false });
  });
});
