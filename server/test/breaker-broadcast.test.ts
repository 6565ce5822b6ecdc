import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Redis } from 'ioredis';
import { createRedisBroadcast } from '../src/lib/providers/breaker-broadcast.ts';
import type { BreakerState } from '../src/lib/providers/circuit-breaker.ts';
import { createProviderRouter } from '../src/lib/providers/router.ts';
import {
  answerWith,
  createMail,
  createScriptedProvider,
  RESULTS,
} from '../src/lib/providers/router-test-provider.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { createMetrics } from '../src/lib/telemetry/metrics.ts';
import { waitForListeners } from './support/listeners.ts';
import { acquireRedis, type RedisForFile } from './support/once-per-run.ts';
import { type RedisServer, startRedis } from './support/redis.ts';
import { isMissing } from './support/requires.ts';
import { waitFor } from './support/wait-for.ts';

const LOGGER = createLogger({ level: 'silent' });
/** Far longer than any wait here: nothing in these tests ends by itself. */
const OPEN_MS = 600_000;

/** What a worker has: its connection, its providers and its router. */
function createWorker(url: string) {
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 2000 });
  redis.on('error', () => {});
  const primary = createScriptedProvider('primary');
  const backup = createScriptedProvider('backup');
  const changes: string[] = [];
  const router = createProviderRouter({
    providers: [
      { provider: primary, order: 0, weight: 1, ratePerS: null },
      { provider: backup, order: 1, weight: 1, ratePerS: null },
    ],
    inbox: createScriptedProvider('inbox'),
    logger: LOGGER,
    metrics: createMetrics(),
    broadcast: createRedisBroadcast({ redis, logger: LOGGER }),
    breaker: { consecutiveFailures: 2, openMs: OPEN_MS, maxOpenMs: OPEN_MS },
    onBreakerChange: (name, { to, isRemote }) =>
      void changes.push(`${name} ${to.kind} ${isRemote ? 'remote' : 'own'}`),
  });
  return {
    redis,
    primary,
    changes,
    state: (): BreakerState | undefined => router.states()[0]?.breaker,
    async send(boundTo: string | null = null) {
      const options = {
        signal: new AbortController().signal,
        onHandOver: async () => {},
        onFailover: () => {},
      };
      const { provider, result } = await router.send(createMail('m'), { mode: 'live', boundTo }, options);
      return `${provider} ${result.kind}`;
    },
    async close() {
      await router.close();
      redis.disconnect();
    },
  };
}
type Worker = ReturnType<typeof createWorker>;

const becomes = (worker: Worker, kind: BreakerState['kind']) =>
  waitFor(`the breaker to be ${kind}`, () => (worker.state()?.kind === kind ? true : null));

describe.skipIf(isMissing('redis-server'))('breakers of workers on one Redis', () => {
  let server: RedisForFile;
  beforeAll(async () => {
    server = await acquireRedis();
  });
  afterAll(async () => {
    await server.release();
  });

  const withWorkers = async (count: number, run: (workers: Worker[]) => Promise<void>) => {
    const url = await server.createDatabase();
    const workers = Array.from({ length: count }, () => createWorker(url));
    try {
      const [first] = workers;
      if (first) await waitForListeners(first.redis, 'mail:breakers', count);
      await run(workers);
    } finally {
      for (const worker of workers) await worker.close();
    }
  };

  test('what opens for one opens for all, and all try again when it answered one', async () => {
    await withWorkers(3, async ([first, ...others]) => {
      if (!first) throw new Error('unreachable');
      first.primary.plan = answerWith(RESULTS.down);
      expect([await first.send(), await first.send()]).toEqual(['backup sent', 'backup sent']);
      for (const other of others) {
        await becomes(other, 'open');
        expect(await other.send()).toBe('backup sent');
        expect(other.primary.asked).toEqual([]);
        expect(other.state()).toMatchObject({
          openings: 1,
          reason: '2 failures in a row, the last: ECONNREFUSED',
        });
        // the time that is left of the first one's, however long the way was
        const left = [other, first].map((worker) => remainingMs(worker.state()));
        expect(Math.abs((left[0] ?? 0) - (left[1] ?? 0))).toBeLessThan(OPEN_MS / 4);
      }
      const news = JSON.stringify({
        from: 'a fourth',
        atMs: Date.now(),
        kind: 'closed',
        provider: 'primary',
      });
      const [second, third] = others;
      if (!second || !third) throw new Error('unreachable');
      await second.redis.publish(`mail:breakers:${second.redis.options.db ?? 0}`, news);
      for (const worker of [first, second, third]) await becomes(worker, 'half_open');
      // Its own probe decides for each.
      expect(await second.send()).toBe('primary sent');
      expect(second.state()?.kind).toBe('closed');
      expect(await first.send()).toBe('backup sent');
      expect(first.state()).toMatchObject({ kind: 'open', openings: 2 });
      expect(second.changes).toEqual([
        'primary open remote',
        'primary half_open remote',
        'primary closed own',
      ]);
    });
  });

  test('a recovery is told by the one that saw it', async () => {
    await withWorkers(2, async ([first, second]) => {
      if (!first || !second) throw new Error('unreachable');
      first.primary.plan = answerWith(RESULTS.down);
      await first.send();
      await first.send();
      await becomes(second, 'open');
      first.primary.plan = answerWith(RESULTS.sent);
      // Somebody's closing lets the first probe, which succeeds; what the second hears is from the first.
      const channel = `mail:breakers:${first.redis.options.db ?? 0}`;
      const heard = Promise.withResolvers<unknown>();
      const ear = first.redis.duplicate({ enableOfflineQueue: true });
      ear.on('message', (_channel: string, text: string) => heard.resolve(JSON.parse(text)));
      const news = JSON.stringify({ from: 'another', atMs: Date.now(), kind: 'closed', provider: 'primary' });
      await first.redis.publish(channel, news);
      await becomes(first, 'half_open');
      await ear.subscribe(channel);
      expect(await first.send()).toBe('primary sent');
      expect(await heard.promise).toMatchObject({ kind: 'closed', provider: 'primary' });
      ear.disconnect();
      expect(first.changes).toEqual(['primary open own', 'primary half_open remote', 'primary closed own']);
    });
  });

  test('other databases and what is no news are not listened to', async () => {
    await withWorkers(1, async ([listener]) => {
      if (!listener) throw new Error('unreachable');
      await withWorkers(1, async ([stranger]) => {
        if (!stranger) throw new Error('unreachable');
        stranger.primary.plan = answerWith(RESULTS.down);
        await stranger.send();
        await stranger.send();
        expect(stranger.state()?.kind).toBe('open');
        // What it told has left, because commands leave in order.
        await stranger.redis.ping();
      });
      const channel = `mail:breakers:${listener.redis.options.db ?? 0}`;
      const soon = { from: 'x', atMs: Date.now(), untilMs: Date.now() + OPEN_MS, openings: 1, reason: 'r' };
      const texts = [
        'nonsense',
        JSON.stringify({ ...soon, kind: 'opened', provider: 'somebody else' }),
        JSON.stringify({ ...soon, kind: 'opened', provider: 'primary', atMs: 0 }),
      ];
      for (const text of texts) expect(await listener.redis.publish(channel, text)).toBe(1);
      // Redis delivers in order: once this one has arrived, the others have too.
      await listener.redis.publish(channel, JSON.stringify({ ...soon, kind: 'opened', provider: 'backup' }));
      await waitFor('the last news', () => (listener.changes.length > 0 ? true : null));
      expect(listener.changes).toEqual(['backup open remote']);
    });
  });
});

function remainingMs(state: BreakerState | undefined): number {
  return state?.kind === 'open' ? state.remainingMs : 0;
}

/** Servers of their own, because these tests take them away. */
describe.skipIf(isMissing('redis-server'))('breakers of workers without Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendOnly: false });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('each works for itself, and they hear each other again once it is back', async () => {
    await server.kill9();
    const [first, second] = [createWorker(server.url), createWorker(server.url)];
    try {
      for (const worker of [first, second]) worker.primary.plan = answerWith(RESULTS.down);
      expect([await first.send(), await first.send(), await first.send()]).toEqual(
        Array(3).fill('backup sent'),
      );
      expect([first.primary.asked.length, first.state()?.kind]).toEqual([2, 'open']);
      expect([await second.send(), second.state()?.kind]).toEqual(['backup sent', 'closed']);
      await server.restart();
      await waitForListeners(first.redis, 'mail:breakers', 2);
      await second.send();
      expect(second.changes).toEqual(['primary open own']);
      // The first is open already; a provider that both still use tells that news arrive.
      await waitFor('a connection', () => (second.redis.status === 'ready' ? true : null));
      await second.redis.publish(
        'mail:breakers:0',
        JSON.stringify({ from: 'x', atMs: Date.now(), kind: 'closed', provider: 'primary' }),
      );
      await becomes(first, 'half_open');
      await becomes(second, 'half_open');

      await server.kill9();
      await waitFor('the loss', () => (second.redis.status === 'ready' ? null : true));
      second.primary.plan = answerWith(RESULTS.sent);
      expect(await second.send()).toBe('primary sent');
      await server.restart();
      await waitForListeners(first.redis, 'mail:breakers', 2);
    } finally {
      await first.close();
      await second.close();
    }
  });

  test('closing while it is away ends at once', async () => {
    await server.kill9();
    await createWorker(server.url).close();
    await server.restart();
  });
});
