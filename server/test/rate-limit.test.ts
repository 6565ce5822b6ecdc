import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test';
import { Redis } from 'ioredis';
import { createRedisRateLimiter, createRedisRateLimits, toPace } from '../src/lib/providers/rate-limit.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { acquireRedis, type RedisForFile } from './support/once-per-run.ts';
import { type RedisServer, startRedis } from './support/redis.ts';
import { isMissing } from './support/requires.ts';
import { waitFor } from './support/wait-for.ts';

const LOGGER = createLogger({ level: 'silent' });

describe.skipIf(isMissing('redis-server'))('the rate of a provider on Redis', () => {
  let server: RedisForFile;
  const clients: Redis[] = [];
  beforeAll(async () => {
    server = await acquireRedis();
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server.release();
  });

  /** As many connections as there would be workers, on a database of their own. */
  const connect = async (count: number): Promise<Redis[]> => {
    const url = await server.createDatabase();
    const made = Array.from({ length: count }, () => new Redis(url));
    clients.push(...made);
    return made;
  };

  test('two workers together never exceed it', async () => {
    const ratePerS = 100;
    const limiters = (await connect(2)).map((redis) =>
      createRedisRateLimits({ redis, logger: LOGGER }).limit('ses', ratePerS),
    );
    const taken = limiters.map(() => 0);
    const total = () => taken.reduce((sum, count) => sum + count, 0);
    const startedAt = performance.now();
    // Six messages at once in each worker, as fast as they are let.
    const work = limiters.flatMap((limiter, worker) =>
      Array.from({ length: 6 }, async () => {
        while (total() < 80) {
          const waitMs = await limiter.take();
          if (waitMs > 0) await Bun.sleep(waitMs);
          else taken[worker] = (taken[worker] ?? 0) + 1;
        }
      }),
    );
    await Promise.all(work);
    const tookUs = (performance.now() - startedAt) * 1000;
    const { intervalUs, burst } = toPace(ratePerS);
    expect(total()).toBeLessThanOrEqual(Math.ceil(tookUs / intervalUs) + burst - 1);
    expect(Math.min(...taken)).toBeGreaterThan(0);
  });

  test('those who ask together are asked for together, and come back one after the other', async () => {
    const [redis] = await connect(1);
    if (!redis) throw new Error('no connection');
    const asked = spyOn(redis, 'eval');
    const limiter = createRedisRateLimiter({ redis, key: 'mail:rate:{x}', ratePerS: 1, logger: LOGGER });
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 9 }, () => limiter.take()));
    // The first asks at once; the eight who came while it was under way share a call.
    expect(asked).toHaveBeenCalledTimes(2);
    const elapsedS = (performance.now() - startedAt) / 1000;
    const waits = answers.filter((waitMs) => waitMs > 0);
    expect(answers.length - waits.length).toBeLessThanOrEqual(1 + Math.floor(elapsedS));
    expect(waits.length).toBeGreaterThan(1);
    expect(waits).toEqual(waits.map((_, place) => (waits[0] ?? 0) + place * 1000));
  });

  test('leaves a key that goes away by itself, and gets over what is no number', async () => {
    const [redis] = await connect(1);
    if (!redis) throw new Error('no connection');
    const asked = spyOn(redis, 'eval');
    const limiter = createRedisRateLimits({ redis, logger: LOGGER }).limit('ses', 1);
    const key = await waitFor('its key', async () => {
      await limiter.take();
      return (await redis.keys('*'))[0] ?? null;
    });
    expect(key).toContain('{ses}');
    const lifeMs = await redis.pttl(key);
    expect(lifeMs).not.toBe(-1);
    expect(lifeMs).toBeLessThanOrEqual(1000);
    await redis.set(key, 'nonsense');
    expect(await limiter.take()).toBe(0);
    expect(await asked.mock.results.at(-1)?.value).toEqual([1, expect.any(Number)]);
  });
});

/** A server of its own, because this test takes it away. */
describe.skipIf(isMissing('redis-server'))('the rate of a provider when Redis goes away', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendOnly: false });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('is held by the worker itself, and together again afterwards', async () => {
    const redis = new Redis(server.url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
    redis.on('error', () => {});
    const warnings: string[] = [];
    const logger = createLogger({
      level: 'warn',
      destination: { write: (line) => void warnings.push(line) },
    });
    const clock = { ms: 1000 };
    const limiter = createRedisRateLimiter({
      redis,
      key: 'mail:rate:{x}',
      ratePerS: 1,
      logger,
      nowMs: () => clock.ms,
    });
    try {
      await waitFor('Redis', () => (redis.status === 'ready' ? true : null));
      await server.kill9();
      await waitFor('the connection to break', () => (redis.status === 'ready' ? null : true));
      expect(await limiter.take()).toBe(0);
      expect(await limiter.take()).toBe(1000);
      expect(warnings).toHaveLength(1);
      await server.restart();
      await waitFor('Redis again', () => (redis.status === 'ready' ? true : null));
      clock.ms += 1000;
      const asked = spyOn(redis, 'eval');
      expect(await limiter.take()).toBe(0);
      expect(await asked.mock.results[0]?.value).toEqual([1, expect.any(Number)]);
    } finally {
      redis.disconnect();
    }
  });
});
