import { describe, expect, test } from 'bun:test';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { type BreakerBroadcast, type BreakerNews, createSilentBroadcast } from './breaker-broadcast.ts';
import type { BreakerSettings } from './circuit-breaker.ts';
import type { SendResult } from './provider.ts';
import { createMemoryRateLimits, type RateLimits } from './rate-limit.ts';
import {
  createProviderRouter,
  type RoutedProvider,
  type RouteRequest,
  type RouterOptionsOfSend,
  type RouterResult,
} from './router.ts';
import {
  answerWith,
  createMail,
  createScriptedProvider,
  RESULTS,
  type ScriptedProvider,
} from './router-test-provider.ts';

type Place = Partial<Omit<RoutedProvider, 'provider'>> & { provider: ScriptedProvider };

const LIVE: RouteRequest = { mode: 'live', boundTo: null };

type KitOptions = Partial<BreakerSettings> & { rateLimits?: RateLimits; broadcast?: BreakerBroadcast };

function createKit(
  places: readonly Place[],
  { rateLimits, broadcast = createSilentBroadcast(), ...breaker }: KitOptions = {},
) {
  const clock = { ms: 1_000_000, sleptMs: [] as number[] };
  const random = { next: () => 0 };
  const lines: string[] = [];
  const inbox = createScriptedProvider('inbox');
  const reader = createReader();
  const router = createProviderRouter({
    providers: places.map(toRouted),
    inbox,
    logger: createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } }),
    metrics: createMetrics(reader.provider),
    rateLimits: rateLimits ?? createMemoryRateLimits({ nowMs: () => clock.ms }),
    broadcast,
    breaker: { consecutiveFailures: 2, openMs: 1000, maxOpenMs: 8000, rampCalls: 4, ...breaker },
    nowMs: () => clock.ms,
    random: () => random.next(),
    sleep: async (ms) => {
      clock.sleptMs.push(ms);
      clock.ms += ms;
    },
  });
  let count = 0;
  const steps: string[] = [];
  const send = (
    request: Partial<RouteRequest> = {},
    options: Partial<RouterOptionsOfSend> = {},
  ): Promise<RouterResult> =>
    router.send(
      createMail(`m${++count}`),
      { ...LIVE, ...request },
      {
        signal: new AbortController().signal,
        onHandOver: async (name) => void steps.push(`hand-over ${name}`),
        onFailover: (name, reason) => void steps.push(`failover from ${name}: ${reason}`),
        ...options,
      },
    );
  const breakerOf = (name: string) => router.states().find((state) => state.name === name)?.breaker.kind;
  return { router, inbox, clock, random, lines, reader, send, steps, breakerOf };
}

function toRouted(place: Place, order: number): RoutedProvider {
  return { order, weight: 100, ratePerS: null, ...place };
}

function createReader() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const metricReader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  return {
    provider: new MeterProvider({ readers: [metricReader] }),
    async read(name: string): Promise<Record<string, unknown>[]> {
      exporter.reset();
      await metricReader.forceFlush();
      const last = exporter.getMetrics().at(-1);
      const metrics = last?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
      const found = metrics.find(({ descriptor }) => descriptor.name === name);
      return (found?.dataPoints ?? []).map(({ attributes, value }) => Object.assign({ value }, attributes));
    },
  };
}

function kinds(results: readonly RouterResult[]): string[] {
  return results.map(({ provider, result }) => `${provider} ${result.kind}`);
}

function createPair() {
  return { primary: createScriptedProvider('primary'), backup: createScriptedProvider('backup') };
}

describe('where mail goes', () => {
  test('test mail goes to the inbox, whatever is configured and whoever is bound', async () => {
    const { primary } = createPair();
    const { send, inbox, steps } = createKit([{ provider: primary }]);
    expect(kinds([await send({ mode: 'test', boundTo: 'primary' })])).toEqual(['inbox sent']);
    expect([primary.asked, inbox.asked, steps]).toEqual([[], ['m1'], ['hand-over inbox']]);
  });

  test('live mail goes to the inbox where no provider is configured', async () => {
    const { send } = createKit([]);
    expect(kinds([await send(), await send({ boundTo: 'ses' })])).toEqual(['inbox sent', 'inbox sent']);
  });

  test('live mail goes to the lowest order, however they are listed', async () => {
    const { primary, backup } = createPair();
    const { send, steps } = createKit([
      { provider: backup, order: 7 },
      { provider: primary, order: 3 },
    ]);
    expect(kinds([await send(), await send()])).toEqual(['primary sent', 'primary sent']);
    expect([backup.asked, steps]).toEqual([[], ['hand-over primary', 'hand-over primary']]);
  });

  test('within an order each has exactly its weight of all random numbers', async () => {
    const names = ['one', 'three', 'six', 'none'];
    const providers = names.map((name) => createScriptedProvider(name));
    const weights = [1, 3, 6, 0];
    const { send, random } = createKit(
      providers.map((provider, i) => ({ provider, order: 1, weight: weights[i] ?? 0 })),
    );
    for (let i = 0; i < 10; i++) {
      random.next = () => (i + 0.5) / 10;
      await send();
    }
    expect(providers.map(({ asked }) => asked.length)).toEqual(weights);
  });

  test('one that is out of order leaves its share to the others of its order, a weight of 0 has the rest', async () => {
    const [one, three, none, lower] = ['one', 'three', 'none', 'lower'].map((name) =>
      createScriptedProvider(name),
    );
    if (!one || !three || !none || !lower) throw new Error('unreachable');
    const { send, random } = createKit([
      { provider: one, order: 1, weight: 1 },
      { provider: three, order: 1, weight: 3 },
      { provider: none, order: 1, weight: 0 },
      { provider: lower, order: 2 },
    ]);
    three.plan = answerWith(RESULTS.down);
    random.next = () => 0.99;
    expect(kinds([await send(), await send(), await send()])).toEqual(['one sent', 'one sent', 'one sent']);
    expect(three.asked).toHaveLength(2);
    one.plan = answerWith(RESULTS.down);
    expect(kinds([await send()])).toEqual(['none sent']);
    expect(lower.asked).toEqual([]);
  });

  test('a client that is bound has this provider and no other', async () => {
    const { primary, backup } = createPair();
    const { send, steps } = createKit([{ provider: primary }, { provider: backup }]);
    backup.plan = answerWith(RESULTS.down);
    const results = [];
    for (let i = 0; i < 3; i++) results.push(await send({ boundTo: 'backup' }));
    expect(kinds(results)).toEqual(['backup provider_down', 'backup provider_down', 'null no_provider']);
    expect([primary.asked, steps]).toEqual([[], []]);
  });

  test('a client that is bound to what does not exist waits, and is told for what', async () => {
    const { primary } = createPair();
    const { send } = createKit([{ provider: primary }]);
    expect(await send({ boundTo: 'gone' })).toEqual({
      provider: null,
      result: {
        kind: 'no_provider',
        reason: 'the client is bound to the provider "gone", which is not configured',
        retryAfterMs: 60_000,
      },
    });
    expect(primary.asked).toEqual([]);
  });
});

describe('failover', () => {
  test('what one provider cannot take goes to the next at once, and only the last is handed over to', async () => {
    const { primary, backup } = createPair();
    primary.plan = answerWith(RESULTS.down);
    const { send, steps, reader } = createKit([{ provider: primary }, { provider: backup }]);
    expect(await send()).toEqual({ provider: 'backup', result: RESULTS.sent });
    expect(steps).toEqual(['failover from primary: ECONNREFUSED', 'hand-over backup']);
    expect(await reader.read('mail.failovers')).toEqual([{ from: 'primary', to: 'backup', value: 1 }]);
  });

  test('with nobody left the last result stands, and nothing was failed over', async () => {
    const { primary, backup } = createPair();
    primary.plan = answerWith(RESULTS.down);
    backup.plan = answerWith({ kind: 'provider_down', reason: 'EDNS' });
    const { send, steps } = createKit([{ provider: primary }, { provider: backup }]);
    expect(await send()).toEqual({ provider: 'backup', result: { kind: 'provider_down', reason: 'EDNS' } });
    expect(steps).toEqual(['failover from primary: ECONNREFUSED']);
  });

  const ends: [string, SendResult][] = [
    ['sent', RESULTS.sent],
    ['rejected', RESULTS.rejected],
    ['deferred', RESULTS.deferred],
    ['ambiguous', RESULTS.ambiguous],
  ];
  test.each(ends)('%s ends it', async (_kind, result) => {
    const { primary, backup } = createPair();
    primary.plan = answerWith(result);
    const { send, steps } = createKit([{ provider: primary }, { provider: backup }]);
    expect(await send()).toEqual({ provider: 'primary', result });
    expect([backup.asked, steps]).toEqual([[], ['hand-over primary']]);
  });

  test('a lost connection ends it even where no hand-over was told', async () => {
    const { primary, backup } = createPair();
    primary.plan = () => RESULTS.ambiguous;
    const { send } = createKit([{ provider: primary }, { provider: backup }]);
    expect(kinds([await send()])).toEqual(['primary ambiguous']);
    expect(backup.asked).toEqual([]);
  });

  test('a provider that throttles is passed over, and left alone as long as it asked', async () => {
    const { primary, backup } = createPair();
    primary.plan = () => RESULTS.throttled;
    const { send, steps, clock, breakerOf } = createKit([{ provider: primary }, { provider: backup }]);
    expect(kinds([await send(), await send()])).toEqual(['backup sent', 'backup sent']);
    expect(primary.asked).toEqual(['m1']);
    expect(steps[0]).toBe('failover from primary: 429 too fast');
    clock.ms += 2999;
    await send();
    expect(primary.asked).toEqual(['m1']);
    clock.ms += 1;
    await send();
    expect(primary.asked).toEqual(['m1', 'm4']);
    expect(breakerOf('primary')).toBe('closed');
  });

  test('a provider that throttles and is alone defers the message, and the next ones wait unsent', async () => {
    const { primary } = createPair();
    primary.plan = () => ({ ...RESULTS.throttled, retryAfterMs: null });
    const { send } = createKit([{ provider: primary }]);
    expect(kinds([await send()])).toEqual(['primary deferred']);
    expect(await send()).toEqual({
      provider: null,
      result: {
        kind: 'no_provider',
        reason: 'primary has had as many messages as it takes for now',
        retryAfterMs: 1000,
      },
    });
  });

  test('a provider may not ask to be left alone for longer than a minute', async () => {
    const { primary } = createPair();
    primary.plan = () => ({ ...RESULTS.throttled, retryAfterMs: 86_400_000 });
    const { send } = createKit([{ provider: primary }]);
    await send();
    expect((await send()).result).toMatchObject({ kind: 'no_provider', retryAfterMs: 60_000 });
  });

  test('a throttled message with a recipient refused for good stays, so that the refusal is recorded', async () => {
    const { primary, backup } = createPair();
    const refused = [{ address: 'c@d.example', isPermanent: true, response: '550' }];
    primary.plan = () => ({ ...RESULTS.throttled, refused });
    const { send } = createKit([{ provider: primary }, { provider: backup }]);
    expect(kinds([await send()])).toEqual(['primary deferred']);
    expect(backup.asked).toEqual([]);
  });
});

describe('the hand-over', () => {
  const downAfterHandOver: ScriptedProvider['plan'] = async (_mail, { onHandOver }) => {
    await onHandOver();
    return { kind: 'provider_down', reason: '401 the key is wrong' };
  };

  test('is not followed by another, even where nothing was taken', async () => {
    const { primary, backup } = createPair();
    primary.plan = downAfterHandOver;
    const { send, steps, breakerOf } = createKit([{ provider: primary }, { provider: backup }]);
    expect(kinds([await send()])).toEqual(['primary provider_down']);
    expect([backup.asked, steps]).toEqual([[], ['hand-over primary']]);
    await send();
    expect(breakerOf('primary')).toBe('open');
  });

  test('is taken back first where the caller can, and then the next provider has its own', async () => {
    const { primary, backup } = createPair();
    primary.plan = downAfterHandOver;
    const { send, steps } = createKit([{ provider: primary }, { provider: backup }]);
    const onHandOverRevoked = async (name: string, reason: string) =>
      void steps.push(`revoked ${name}: ${reason}`);
    expect(kinds([await send({}, { onHandOverRevoked })])).toEqual(['backup sent']);
    expect(steps).toEqual([
      'hand-over primary',
      'revoked primary: 401 the key is wrong',
      'failover from primary: 401 the key is wrong',
      'hand-over backup',
    ]);
  });

  test('is not taken back where nobody else is there, or the connection was lost', async () => {
    const { primary, backup } = createPair();
    const { send, steps } = createKit([{ provider: primary }, { provider: backup }]);
    const onHandOverRevoked = async () => void steps.push('revoked');
    primary.plan = downAfterHandOver;
    await send({ boundTo: 'primary' }, { onHandOverRevoked });
    primary.plan = answerWith(RESULTS.ambiguous);
    await send({}, { onHandOverRevoked });
    expect(steps).toEqual(['hand-over primary', 'hand-over primary']);
  });

  test('that cannot be taken back ends it, and the next provider is free for others', async () => {
    const { primary, backup } = createPair();
    primary.plan = downAfterHandOver;
    const { send } = createKit([{ provider: primary }, { provider: backup }]);
    const lost = new Error('the lease was lost');
    await expect(send({}, { onHandOverRevoked: () => Promise.reject(lost) })).rejects.toBe(lost);
    expect(backup.asked).toEqual([]);
  });

  test('an adapter that asks for a second one is stopped before it is told', async () => {
    const { primary } = createPair();
    primary.plan = async (_mail, { onHandOver }) => {
      await onHandOver();
      await onHandOver();
      return RESULTS.sent;
    };
    const { send, steps } = createKit([{ provider: primary }]);
    await expect(send()).rejects.toThrow('primary asked for a hand-over while that to primary stands');
    expect(steps).toEqual(['hand-over primary']);
  });

  test('a refused hand-over reaches the caller unchanged and speaks against nobody', async () => {
    const { primary, backup } = createPair();
    const { send, breakerOf } = createKit([{ provider: primary }, { provider: backup }], {
      consecutiveFailures: 1,
    });
    const lost = new Error('the lease was lost');
    await expect(send({}, { onHandOver: () => Promise.reject(lost) })).rejects.toBe(lost);
    expect([backup.asked, breakerOf('primary')]).toEqual([[], 'closed']);
  });
});

describe('the circuit breaker of a provider', () => {
  test('opens on provider failures, and then nobody asks it any more', async () => {
    const { primary, backup } = createPair();
    primary.plan = answerWith(RESULTS.down);
    const { send, breakerOf, lines, reader } = createKit([{ provider: primary }, { provider: backup }]);
    for (let i = 0; i < 10; i++) expect(kinds([await send()])).toEqual(['backup sent']);
    expect(primary.asked).toEqual(['m1', 'm2']);
    expect(breakerOf('primary')).toBe('open');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 'warn',
        provider: 'primary',
        from: 'closed',
        to: 'open',
        for_ms: 500,
        remote: false,
        reason: '2 failures in a row, the last: ECONNREFUSED',
        msg: 'a circuit breaker changed',
      },
    ]);
    expect(await reader.read('mail.breaker.changes')).toEqual([
      { provider: 'primary', to: 'open', value: 1 },
    ]);
    expect(await reader.read('mail.breaker.state')).toEqual([
      { provider: 'primary', value: 2 },
      { provider: 'backup', value: 0 },
    ]);
  });

  test('opens on lost connections too', async () => {
    const { primary } = createPair();
    primary.plan = answerWith(RESULTS.ambiguous);
    const { send, breakerOf } = createKit([{ provider: primary }]);
    await send();
    await send();
    expect(breakerOf('primary')).toBe('open');
  });

  test.each(['rejected', 'deferred'] as const)('never opens on %s mail', async (kind) => {
    const { primary } = createPair();
    primary.plan = answerWith(RESULTS[kind]);
    const { send, breakerOf, router } = createKit([{ provider: primary }]);
    for (let i = 0; i < 100; i++) await send();
    expect(breakerOf('primary')).toBe('closed');
    expect(router.states()[0]?.counts).toEqual({
      sent: 0,
      rejected: 0,
      deferred: 0,
      provider_down: 0,
      ambiguous: 0,
      [kind]: 100,
    });
  });

  test('a probe holds nobody up: the others take the next provider meanwhile', async () => {
    const { primary, backup } = createPair();
    primary.plan = answerWith(RESULTS.down);
    const { send, clock, breakerOf } = createKit([{ provider: primary }, { provider: backup }]);
    await send();
    await send();
    clock.ms += 1000;
    const answer = Promise.withResolvers<SendResult>();
    primary.plan = () => answer.promise;
    const probe = send();
    expect(kinds(await Promise.all([send(), send(), send()]))).toEqual(Array(3).fill('backup sent'));
    expect(primary.asked).toEqual(['m1', 'm2', 'm3']);
    expect(breakerOf('primary')).toBe('half_open');
    answer.resolve(RESULTS.sent);
    expect(kinds([await probe, await send()])).toEqual(['primary sent', 'primary sent']);
    expect(clock.sleptMs).toEqual([]);
  });

  test('a probe that fails goes on to the next provider like any message', async () => {
    const { primary, backup } = createPair();
    primary.plan = answerWith(RESULTS.down);
    const { send, clock, breakerOf } = createKit([{ provider: primary }, { provider: backup }]);
    await send();
    await send();
    clock.ms += 1000;
    expect(kinds([await send()])).toEqual(['backup sent']);
    expect(primary.asked).toHaveLength(3);
    expect(breakerOf('primary')).toBe('open');
  });

  test('a message about which something was thrown frees the probe for the next', async () => {
    const { primary } = createPair();
    primary.plan = answerWith(RESULTS.down);
    const { send, clock } = createKit([{ provider: primary }]);
    await send();
    await send();
    clock.ms += 1000;
    primary.plan = () => {
      throw new Error('a defect');
    };
    await expect(send()).rejects.toThrow('a defect');
    primary.plan = answerWith(RESULTS.sent);
    expect(kinds([await send()])).toEqual(['primary sent']);
  });

  test('with all open a message waits for the soonest probe, and hears nothing of what others were answered', async () => {
    const { primary, backup } = createPair();
    const secret = answerWith({ kind: 'provider_down', reason: '421 for <somebody@else.example>' });
    primary.plan = secret;
    backup.plan = secret;
    const { send, random, clock } = createKit([{ provider: primary }, { provider: backup }]);
    await send();
    const jitter = [0.5, 1];
    random.next = () => jitter.shift() ?? 0;
    await send();
    clock.ms += 100;
    expect(await send()).toEqual({
      provider: null,
      result: {
        kind: 'no_provider',
        reason: 'primary is out of order, backup is out of order',
        retryAfterMs: 650,
      },
    });
    expect([primary.asked.length, backup.asked.length]).toEqual([2, 2]);
    clock.ms += 650;
    primary.plan = answerWith(RESULTS.sent);
    expect(kinds([await send()])).toEqual(['primary sent']);
  });

  test('with all open a message waits in its worker where that is short', async () => {
    const { primary } = createPair();
    primary.plan = answerWith(RESULTS.down);
    const { send, clock } = createKit([{ provider: primary }]);
    await send();
    await send();
    clock.ms += 350;
    primary.plan = answerWith(RESULTS.sent);
    expect(kinds([await send()])).toEqual(['primary sent']);
    expect(clock.sleptMs).toEqual([150]);
  });
});

describe('an attempt that is broken off', () => {
  const untilAborted: ScriptedProvider['plan'] = async (_mail, { signal }) => {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    return { kind: 'provider_down', reason: 'aborted' };
  };

  async function breakOff(reason?: unknown) {
    const { primary, backup } = createPair();
    primary.plan = untilAborted;
    const kit = createKit([{ provider: primary }, { provider: backup }], { consecutiveFailures: 1 });
    const stop = new AbortController();
    const sending = kit.send({}, { signal: stop.signal });
    await Bun.sleep(0);
    stop.abort(reason);
    expect(kinds([await sending])).toEqual(['primary provider_down']);
    return { ...kit, backup };
  }

  test('by a process that stops speaks against nobody and is not failed over', async () => {
    const { backup, breakerOf, steps } = await breakOff();
    expect([backup.asked, steps, breakerOf('primary')]).toEqual([[], [], 'closed']);
  });

  test('by its time limit speaks against the provider that took so long', async () => {
    const { backup, breakerOf } = await breakOff(new DOMException('too slow', 'TimeoutError'));
    expect([backup.asked, breakerOf('primary')]).toEqual([[], 'open']);
  });

  test('by its time limit means the platform, whose signals we combine', async () => {
    const signal = AbortSignal.any([new AbortController().signal, AbortSignal.timeout(1)]);
    const { primary } = createPair();
    primary.plan = untilAborted;
    const { send, breakerOf } = createKit([{ provider: primary }], { consecutiveFailures: 1 });
    await send({}, { signal });
    expect(breakerOf('primary')).toBe('open');
  });

  test('before it begins asks nobody', async () => {
    const { primary } = createPair();
    const { send } = createKit([{ provider: primary }]);
    const { provider, result } = await send({}, { signal: AbortSignal.abort() });
    expect([provider, result.kind, primary.asked]).toEqual([null, 'provider_down', []]);
  });
});

describe('the rate of a provider', () => {
  test('that is used up is waited for, rather than to go to a lower order', async () => {
    const { primary, backup } = createPair();
    const { send, clock } = createKit([{ provider: primary, ratePerS: 10 }, { provider: backup }]);
    expect(kinds([await send(), await send()])).toEqual(['primary sent', 'primary sent']);
    expect([clock.sleptMs, backup.asked]).toEqual([[100], []]);
  });

  test('that is used up leaves the message to another of its order', async () => {
    const [first, second, lower] = ['first', 'second', 'lower'].map((name) => createScriptedProvider(name));
    if (!first || !second || !lower) throw new Error('unreachable');
    const { send, clock } = createKit([
      { provider: first, order: 1, ratePerS: 10 },
      { provider: second, order: 1, ratePerS: 10 },
      { provider: lower, order: 2 },
    ]);
    expect(kinds([await send(), await send(), await send()])).toEqual([
      'first sent',
      'second sent',
      'first sent',
    ]);
    expect([clock.sleptMs, lower.asked]).toEqual([[100], []]);
  });

  test('that is used up for too long goes to a lower order after all', async () => {
    const { primary, backup } = createPair();
    const { send, clock, steps } = createKit([{ provider: primary, ratePerS: 2 }, { provider: backup }]);
    expect(kinds([await send(), await send()])).toEqual(['primary sent', 'backup sent']);
    expect([clock.sleptMs, steps]).toEqual([[], ['hand-over primary', 'hand-over backup']]);
  });

  test('that is used up everywhere sends the message back unsent, until there is a place', async () => {
    const { primary, backup } = createPair();
    const { send } = createKit([
      { provider: primary, ratePerS: 1 },
      { provider: backup, ratePerS: 2 },
    ]);
    await send();
    await send();
    expect((await send()).result).toMatchObject({ kind: 'no_provider', retryAfterMs: 500 });
  });

  test('is waited for by a message 200 ms in all, however often others are faster', async () => {
    const { primary } = createPair();
    const rateLimits = { limit: () => ({ take: async () => 90 }) };
    const { send, clock } = createKit([{ provider: primary, ratePerS: 10 }], { rateLimits });
    expect((await send()).result).toMatchObject({ kind: 'no_provider', retryAfterMs: 90 });
    expect(clock.sleptMs).toEqual([90, 90]);
  });

  test('costs a place only when the breaker lets the message go', async () => {
    const { primary, backup } = createPair();
    primary.plan = answerWith(RESULTS.down);
    const { send, clock } = createKit([{ provider: primary, ratePerS: 1 }, { provider: backup }], {
      consecutiveFailures: 1,
      openMs: 5000,
    });
    await send();
    clock.ms += 1000;
    for (let i = 0; i < 5; i++) await send();
    clock.ms += 4000;
    primary.plan = answerWith(RESULTS.sent);
    expect(kinds([await send()])).toEqual(['primary sent']);
  });
});

describe('an outage under load', () => {
  test('fails no message, asks the dead provider as often as it takes, and comes back without a stampede', async () => {
    const { primary, backup } = createPair();
    const { send, clock, breakerOf } = createKit([{ provider: primary }, { provider: backup }], {
      rampCalls: 16,
    });
    const slow =
      (result: SendResult): ScriptedProvider['plan'] =>
      async (mail, options) => {
        await Bun.sleep(1);
        return answerWith(result)(mail, options);
      };
    primary.plan = slow(RESULTS.down);
    backup.plan = slow(RESULTS.sent);
    const wave = () => Promise.all(Array.from({ length: 20 }, () => send()));
    for (let i = 0; i < 10; i++) expect(kinds(await wave())).toEqual(Array(20).fill('backup sent'));
    // Those who were under way together when it died, and nobody after.
    expect(primary.asked).toHaveLength(20);

    primary.plan = slow(RESULTS.sent);
    clock.ms += 1000;
    const shares: number[] = [];
    for (let before = primary.asked.length; shares.at(-1) !== 20; before = primary.asked.length) {
      expect((await wave()).every(({ result }) => result.kind === 'sent')).toBe(true);
      shares.push(primary.asked.length - before);
    }
    // The probe; then one more at once with every success.
    expect(shares).toEqual([1, 1, 2, 4, 8, 20]);
    expect(breakerOf('primary')).toBe('closed');
  });
});

describe('what workers tell each other', () => {
  function createRecorder() {
    const told: BreakerNews[] = [];
    const listeners: ((news: BreakerNews) => void)[] = [];
    let closed = 0;
    const broadcast: BreakerBroadcast = {
      publish: (news) => void told.push(news),
      listen: (listener) => void listeners.push(listener),
      async close() {
        closed += 1;
      },
    };
    const hear = (news: BreakerNews) => {
      for (const listener of listeners) listener(news);
    };
    return { broadcast, told, listeners, hear, closed: () => closed };
  }

  test('an outage and its end, but neither probes nor what we were told ourselves', async () => {
    const { primary } = createPair();
    const { broadcast, told, hear } = createRecorder();
    const { send, clock, breakerOf } = createKit([{ provider: primary }], { broadcast });
    primary.plan = answerWith(RESULTS.down);
    await send();
    await send();
    const opened: BreakerNews = {
      kind: 'opened',
      provider: 'primary',
      forMs: 500,
      openings: 1,
      reason: '2 failures in a row, the last: ECONNREFUSED',
    };
    expect(told).toEqual([opened]);
    clock.ms += 500;
    await send();
    expect(breakerOf('primary')).toBe('open');
    hear({ kind: 'closed', provider: 'primary' });
    hear(opened);
    expect(breakerOf('primary')).toBe('open');
    hear({ kind: 'opened', provider: 'unknown', forMs: 1000, openings: 1, reason: 'x' });
    expect(told).toEqual([opened]);
    primary.plan = answerWith(RESULTS.sent);
    clock.ms += 8000;
    await send();
    expect(told).toEqual([opened, { kind: 'closed', provider: 'primary' }]);
  });

  test('nothing of what only others have seen', async () => {
    const { primary } = createPair();
    const { broadcast, told, hear } = createRecorder();
    const { breakerOf } = createKit([{ provider: primary }], { broadcast });
    hear({ kind: 'opened', provider: 'primary', forMs: 1000, openings: 1, reason: 'x' });
    expect([breakerOf('primary'), told]).toEqual(['open', []]);
  });

  test('nothing where there is no provider, and no more after the end', async () => {
    const { broadcast, listeners, closed } = createRecorder();
    const { router } = createKit([], { broadcast });
    expect(listeners).toEqual([]);
    await router.close();
    expect(closed()).toBe(1);
  });
});

test('states tell everything an operator asks for', () => {
  const { primary } = createPair();
  const { router } = createKit([{ provider: primary, kind: 'smtp', order: 4, weight: 10, ratePerS: 14 }]);
  expect(router.states()).toEqual([
    {
      name: 'primary',
      kind: 'smtp',
      order: 4,
      weight: 10,
      ratePerS: 14,
      breaker: { kind: 'closed', isRamping: false },
      counts: { sent: 0, rejected: 0, deferred: 0, provider_down: 0, ambiguous: 0 },
    },
  ]);
});

test('closing closes every provider, and its breakers are measured no more', async () => {
  const { primary, backup } = createPair();
  const { router, inbox, reader } = createKit([{ provider: primary }, { provider: backup }]);
  expect(await reader.read('mail.breaker.state')).toHaveLength(2);
  await router.close();
  expect([primary.closed, backup.closed, inbox.closed]).toEqual([1, 1, 1]);
  expect(await reader.read('mail.breaker.state')).toEqual([]);
  await router.close();
});
