import type { Redis } from 'ioredis';
import { waitFor } from './wait-for.ts';

/** Resolves when so many listen on the channel, on the connection's own database. */
export async function waitForListeners(redis: Redis, name: string, count: number): Promise<void> {
  await waitFor(`${count} that listen to ${name}`, async () => {
    if (redis.status !== 'ready') return null;
    const [, listeners] = await redis.pubsub('NUMSUB', `${name}:${redis.options.db ?? 0}`);
    return listeners === count ? true : null;
  });
}
