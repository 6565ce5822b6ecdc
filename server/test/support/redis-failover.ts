import { expect } from 'bun:test';
import { Redis } from 'ioredis';
import { countEnds, createFleet, startLoad } from './fleet.ts';
import type { RedisFleet } from './redis-fleet.ts';
import { createCaller, createStorage } from './system.ts';
import { waitFor } from './wait-for.ts';

/**
 * Sends through two APIs and two workers while the master is killed: every request is accepted, every message sent
 * once, and the queue is at work on the successor.
 */
export async function expectSurvivedFailover(redis: RedisFleet): Promise<void> {
  const storage = await createStorage('production');
  try {
    await using fleet = await createFleet({
      databaseUrl: storage.env['DATABASE_URL'] ?? '',
      redisUrl: redis.url,
      settings: { SHUTDOWN_DRAIN_MS: '0', SHUTDOWN_GRACE_MS: '3000' },
    });
    const [first, second] = await Promise.all([
      fleet.start('API'),
      fleet.start('API'),
      fleet.start('WORKER'),
      fleet.start('WORKER'),
    ]);
    const key = await fleet.createKey(first.url);
    const loads = [first, second].map(({ url }) => startLoad({ url, key, callers: 2 }));
    const accepted = () => loads.flatMap((load) => load.accepted);
    const failures = () => loads.flatMap((load) => load.failures);
    const more = async (count: number) => {
      const wanted = accepted().length + count;
      await waitFor('more messages', () => (accepted().length + failures().length >= wanted ? true : null));
    };
    await more(50);
    await fleet.sink.waitForMails(20);
    const successor = await redis.failOver();
    await more(50);
    await Promise.all(loads.map((load) => load.stop()));
    expect(failures()).toEqual([]);
    const counts = await countEnds(first.url, key, accepted());
    expect(counts).toEqual({ sent: accepted().length });
    expect(fleet.sink.mails).toHaveLength(accepted().length);
    await waitFor('the queue to answer', async () =>
      (await createCaller(second.url)('GET', '/readyz')).body['status'] === 'ready' ? true : null,
    );
    await expectQueueAt(successor);
  } finally {
    await storage.release();
  }
}

async function expectQueueAt(port: number): Promise<void> {
  const redis = new Redis(port, '127.0.0.1');
  try {
    expect(await redis.exists('{mailer}:mail:meta')).toBe(1);
  } finally {
    redis.disconnect();
  }
}
