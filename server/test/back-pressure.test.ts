import { afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { createMemoryRateLimiter } from '../src/lib/rate-limits/rate-limiter.ts';
import { createRedisRateLimiter } from '../src/lib/rate-limits/redis-rate-limiter.ts';
import { openRedis } from '../src/lib/queue/redis.ts';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { insertHandedOver } from './support/handed-over.ts';
import { startRedis } from './support/redis.ts';
import { isMissing } from './support/requires.ts';
import { startServiceProcess } from './support/service-process.ts';
import {
  createCaller,
  createClient,
  createStorage,
  describeOnBothProfiles,
  startSystem,
  type TestSystem,
} from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
});

const good = { to: 'ada@example.net', subject: 'x', text: 'x' };

describeOnBothProfiles('under more load than there is room for', (profile) => {
  const start = async (settings: Record<string, string>): Promise<TestSystem> => {
    const system = await startSystem(profile, settings);
    cleanups.push(system.stop);
    return system;
  };

  test('bodies that are still on their way count, until they are gone', async () => {
    const system = await start({ MAX_IN_FLIGHT_BYTES: '100000' });
    const { hostname, port } = new URL(system.url);
    const text = 'x'.repeat(60_000);
    const send = () =>
      system.call('POST', '/v1/messages', { key: system.keys.live, body: { ...good, text } });
    // Says how much will come, and sends none of it.
    const open = async () => {
      const socket = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } });
      socket.write(
        `POST /v1/messages HTTP/1.1\r\nhost: ${hostname}:${port}\r\nx-api-key: ${system.keys.live}\r\n` +
          'content-type: application/json\r\ncontent-length: 60000\r\n\r\n{',
      );
      return socket;
    };
    const { slow, refused } = await waitFor('the budget to be used up', async () => {
      const socket = await open();
      const answer = await send();
      if (answer.status === 503) return { slow: socket, refused: answer };
      // The other was faster.
      socket.end();
      return null;
    });
    expect(refused.body.code).toBe('overloaded');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    slow.end();
    await waitFor('the budget to be free', async () => ((await send()).status === 202 ? true : null));
  }, 90_000);

  test('a queue that is too long is not made longer, and says when to come again', async () => {
    const system = await start({
      MAX_QUEUE_DEPTH: '3',
      WORKER_CONCURRENCY: '1',
      SHUTDOWN_GRACE_MS: '100',
    });
    system.sink.setPlan({ answerDelayMs: 60_000 });
    const send = () => system.call('POST', '/v1/messages', { key: system.keys.live, body: good });
    const refused = await waitFor('the queue to be full', async () => {
      const answer = await send();
      return answer.status === 503 ? answer : null;
    });
    expect(refused.body.code).toBe('overloaded');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await system.call('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { status: 'unready', accept: { isOk: false } },
    });
    expect(await system.countOf('mail.refused', { reason: 'queue' })).toBe(1);
    // So does what a person decides about messages that were accepted before.
    const act = async (status: 'failed' | 'unknown', action: string, body?: unknown) => {
      const id = Bun.randomUUIDv7();
      await insertHandedOver(system.database, [id], { clientId: system.clientId, status });
      return system.call('POST', `/v1/messages/${id}/${action}`, { key: system.keys.live, body });
    };
    expect(await act('failed', 'retry')).toMatchObject({ status: 200, body: { status: 'queued' } });
    expect(await act('unknown', 'resolve', { as: 'sent' })).toMatchObject({
      status: 200,
      body: { status: 'sent' },
    });
    expect((await act('failed', 'cancel')).body.code).toBe('not_cancelable');
    // Reading goes on.
    expect((await system.call('GET', '/v1/messages', { key: system.keys.live })).status).toBe(200);
  }, 90_000);
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('several processes', () => {
  test('that get the same key at once make one message', async () => {
    const storage = await createStorage('production');
    cleanups.push(storage.release);
    await migrateDatabaseAt(storage.env.DATABASE_URL ?? '');
    const admin = createApiKey('live').text;
    const env = {
      ...storage.env,
      SERVICE_ROLE: 'API',
      SHUTDOWN_DRAIN_MS: '0',
      PORT: '0',
      HOST: '127.0.0.1',
      ADMIN_API_KEY: admin,
    };
    const services = await Promise.all([startServiceProcess(env), startServiceProcess(env)]);
    cleanups.push(async () => void (await Promise.all(services.map((service) => service.kill9()))));
    const calls = services.map(({ url }) => createCaller(url));
    const [call = createCaller('')] = calls;
    const { live: key, clientId } = await createClient(call, admin);
    await call('PATCH', `/v1/clients/${clientId}`, { key: admin, body: { quotaLimit: 40, rateLimit: 500 } });

    const same = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (calls[i % 2] ?? call)('POST', '/v1/messages', {
          key,
          body: good,
          headers: { 'idempotency-key': 'same' },
        }),
      ),
    );
    for (const { status, body } of same)
      expect(status === 202 || body.code === 'idempotency_in_progress').toBe(true);
    expect(new Set(same.flatMap(({ body }) => body.messageId ?? [])).size).toBe(1);

    // One of the quota is used; both processes together give exactly the rest, and share the rate limit.
    const others = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (calls[i % 2] ?? call)('POST', '/v1/messages', { key, body: good }),
      ),
    );
    expect(others.filter(({ status }) => status === 202)).toHaveLength(39);
    expect(others.filter(({ body }) => body.code === 'quota_exceeded')).toHaveLength(61);
    const seen = await Promise.all(calls.map((ask) => ask('GET', '/v1/messages', { key })));
    for (const { headers } of seen) expect(Number(headers.get('ratelimit-remaining'))).toBeLessThan(450);
  }, 90_000);
});

describe.skipIf(isMissing('redis-server'))('the rate limit in Redis', () => {
  let nowMs = 0;
  beforeAll(() => {
    nowMs = 1_795_000_000_000;
  });

  test('counts as in memory, and goes on in memory while Redis is away', async () => {
    const server = await startRedis();
    cleanups.push(server.stop);
    const redis = openRedis(server.url, createLogger({ level: 'silent' }));
    cleanups.push(redis.close);
    await waitFor('the connection', () => (redis.failFast.status === 'ready' ? true : null));
    const fallback = createMemoryRateLimiter({ nowMs: () => nowMs });
    const limiter = createRedisRateLimiter({ redis: redis.failFast, fallback, nowMs: () => nowMs });
    // A minute is long enough for the clock of Redis to give nothing back while we look.
    const take = (key: string, cost = 1) => limiter.take({ key, limit: 3, cost });
    expect(await take('a', 4)).toMatchObject({ isAllowed: false, remaining: 3 });
    expect((await take('a')).remaining).toBe(2);
    expect((await take('a', 2)).remaining).toBe(0);
    const refused = await take('a');
    expect(refused).toMatchObject({ isAllowed: false, remaining: 0 });
    expect(refused.retryAfterMs).toBeGreaterThan(0);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(20_000);
    await server.kill9();
    const answers = [await take('a', 3), await take('a')];
    expect(answers.map(({ isAllowed }) => isAllowed)).toEqual([true, false]);
    await server.restart();
    await waitFor('the connection', () => (redis.failFast.status === 'ready' ? true : null));
    nowMs += 60_000;
    // The script is gone with the process that knew it.
    expect((await take('b')).remaining).toBe(2);
    expect(await redis.failFast.exists('mailer:rate:b')).toBe(1);
  }, 60_000);
});
