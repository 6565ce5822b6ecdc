import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Redis } from 'ioredis';
import { createRedisKeyNews } from '../src/lib/auth/key-news.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { waitForListeners } from './support/listeners.ts';
import { acquireRedis, type RedisForFile } from './support/once-per-run.ts';
import { type RedisServer, startRedis } from './support/redis.ts';
import { isMissing } from './support/requires.ts';
import { waitFor } from './support/wait-for.ts';

const LOGGER = createLogger({ level: 'silent' });

/** What an instance has: its connection, and what it hears. */
function createInstance(url: string) {
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 2000 });
  redis.on('error', () => {});
  const news = createRedisKeyNews({ redis, logger: LOGGER });
  const heard: (string | null)[] = [];
  news.listen((owner) => void heard.push(owner));
  return {
    redis,
    heard,
    publish: news.publish,
    async close() {
      await news.close();
      redis.disconnect();
    },
  };
}
type Instance = ReturnType<typeof createInstance>;

const channelOf = ({ redis }: Instance) => `mail:keys:${redis.options.db ?? 0}`;

const hears = (instance: Instance, clientId: string) =>
  waitFor('the news', () => (instance.heard.includes(clientId) ? true : null));

async function withTwo(url: string, run: (one: Instance, two: Instance) => Promise<void>): Promise<void> {
  const [one, two] = [createInstance(url), createInstance(url)];
  try {
    await run(one, two);
  } finally {
    await one.close();
    await two.close();
  }
}

describe.skipIf(isMissing('redis-server'))('news of keys on one Redis', () => {
  let server: RedisForFile;
  beforeAll(async () => {
    server = await acquireRedis();
  });
  afterAll(async () => {
    await server.release();
  });

  test('what one tells is heard by the other, and by itself', async () => {
    await withTwo(await server.createDatabase(), async (one, two) => {
      await waitForListeners(one.redis, 'mail:keys', 2);
      const clientId = Bun.randomUUIDv7();
      one.publish(clientId);
      await hears(two, clientId);
      await hears(one, clientId);
      expect([one.heard, two.heard]).toEqual([[clientId], [clientId]]);
    });
  });

  test('other databases and what is no client’s id are not listened to', async () => {
    await withTwo(await server.createDatabase(), async (one, peer) => {
      await waitForListeners(one.redis, 'mail:keys', 2);
      await withTwo(await server.createDatabase(), async (other) => {
        await waitForListeners(other.redis, 'mail:keys', 2);
        const [mine, theirs] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
        other.publish(theirs);
        await hears(other, theirs);
        expect(await one.redis.publish(channelOf(one), 'nonsense')).toBe(2);
        // Redis delivers in order: once this one has arrived, the others would have.
        one.publish(mine);
        await hears(peer, mine);
        expect(peer.heard).toEqual([mine]);
      });
    });
  });
});

/** A server of its own, because this test takes it away. */
describe.skipIf(isMissing('redis-server'))('news of keys without Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendOnly: false });
  });
  afterAll(async () => {
    await server.stop();
  });

  test('are lost without an error, and are heard again once it is back', async () => {
    await withTwo(server.url, async (one, two) => {
      await waitForListeners(one.redis, 'mail:keys', 2);
      await server.kill9();
      await waitFor('the loss', () => (one.redis.status === 'ready' ? null : true));
      const [lost, told] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
      one.publish(lost);
      await server.restart();
      await waitForListeners(one.redis, 'mail:keys', 2);
      one.publish(told);
      await hears(two, told);
      expect(two.heard).toEqual([told]);
    });
  });
});
