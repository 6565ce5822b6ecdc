import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { Redis } from 'ioredis';
import { HAS_REDIS, startPrivateRedis, type PrivateRedis } from './fixtures/private-redis.ts';
import { createMemoryLock, createRedisLock } from './locker.ts';

// starting a server takes a moment, on a machine that runs other tests as well
setDefaultTimeout(60_000);

test('the lock of one process is held by one at a time, each key for itself', async () => {
  const lock = createMemoryLock();
  const lease = await lock.acquire('a');
  expect(await lock.acquire('a')).toBeNull();
  expect(await lock.acquire('b')).not.toBeNull();
  await lease?.release();
  const next = await lock.acquire('a');
  expect(next?.token).not.toBe(lease?.token ?? '');
  await lease?.release();
  expect(await lock.acquire('a')).toBeNull();
});

describe.skipIf(!HAS_REDIS)('the lock on Redis (needs redis-server)', () => {
  let server: PrivateRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startPrivateRedis();
    redis = new Redis(server.port, '127.0.0.1');
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  test('is held by one at a time and given back', async () => {
    const lock = createRedisLock(redis, { keyPrefix: 'one:' });
    const lease = await lock.acquire('k');
    expect(await lock.acquire('k')).toBeNull();
    await lease?.release();
    expect(await redis.exists('one:k')).toBe(0);
  });

  test('expires by itself after its holder has crashed', async () => {
    // what a holder that was killed leaves behind: a key that nobody renews
    await redis.set('crash:k', 'token of the dead', 'PX', 50);
    const lock = createRedisLock(redis, { keyPrefix: 'crash:' });
    let lease = await lock.acquire('k');
    while (lease === null) lease = await lock.acquire('k');
    expect(await redis.get('crash:k')).toBe(lease.token);
    await lease.release();
  });

  test('is renewed while it is held', async () => {
    const lock = createRedisLock(redis, { keyPrefix: 'renew:', ttlMs: 60_000, renewEveryMs: 20 });
    const lease = await lock.acquire('k');
    await redis.pexpire('renew:k', 30_000);
    // the next renewal sets the whole life again
    while ((await redis.pttl('renew:k')) <= 30_000) await redis.ping();
    expect(lease?.signal.aborted).toBe(false);
    await lease?.release();
  });

  test('tells its holder when another has it, and leaves the other alone', async () => {
    const lock = createRedisLock(redis, { keyPrefix: 'lost:', ttlMs: 150 });
    const lease = await lock.acquire('k');
    if (lease === null) throw new Error('not acquired');
    const lost = new Promise((resolve) => {
      lease.signal.addEventListener('abort', resolve);
    });
    await redis.set('lost:k', 'successor');
    await lost;
    await lease.release();
    expect(await redis.get('lost:k')).toBe('successor');
  });

  test('counts as lost when Redis cannot be reached before it must have expired', async () => {
    const other = await startPrivateRedis();
    const client = new Redis(other.port, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: () => null });
    client.on('error', () => {});
    const lease = await createRedisLock(client, { ttlMs: 300 }).acquire('k');
    if (lease === null) throw new Error('not acquired');
    const lost = new Promise((resolve) => {
      lease.signal.addEventListener('abort', resolve);
    });
    await other.stop();
    await lost;
    expect(lease.signal.aborted).toBe(true);
    client.disconnect();
  });
});
