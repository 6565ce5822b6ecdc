import { readRedisUrl } from '../config.ts';
import { tellKeyNews } from '../lib/auth/key-news.ts';
import {
  countGoodAdminKeys,
  describeKey,
  type KeyName,
  listApiKeys,
  revokeApiKey,
} from '../lib/db/api-keys.ts';
import { makeKey, type RotatedKey, rotateKey, type ShownKey } from '../lib/db/new-key.ts';
import { createRedisClient, type RedisClient } from '../lib/queue/redis.ts';
import { settlesWithin } from '../lib/time-limit.ts';
import { isUuid } from '../lib/uuid.ts';
import { withDatabase } from './database.ts';

export { MAX_KEY_NAME, MAX_OVERLAP_S } from '../lib/auth/api-key.ts';

/** Later than this the caches of the instances have ended, and the news is old. */
const NEWS_TIMEOUT_MS = 1500;

/** The database's admin keys, newest first, whatever their state. */
export function listAdminKeys(): Promise<ReturnType<typeof describeKey>[]> {
  return withDatabase(async ({ db }) => {
    // They are few: nobody makes them by program.
    const keys = await listApiKeys(db, { clientId: null, before: null, limit: Number.MAX_SAFE_INTEGER });
    return keys.map(describeKey);
  });
}

/** Makes an admin key; its text is in the answer, this once. */
export function createAdminKey(wanted: { name: string; expiresAt: Date | null }): Promise<ShownKey> {
  return withDatabase(({ db }) =>
    makeKey(db, { ...wanted, clientId: null, mode: 'live', scopes: ['admin'] }),
  );
}

/** Makes a key in the place of another, which works for the overlap; null where there is none that is still good. */
export function rotateAdminKey(id: string, { overlapS }: { overlapS: number }): Promise<RotatedKey | null> {
  return withDatabase(async (database, profile) => {
    const at = new Date();
    const until = new Date(at.getTime() + overlapS * 1000);
    const name = toName(id);
    const rotated = name && (await rotateKey(database, name, { at, until, expiresAt: null }));
    if (rotated && profile === 'production') await tellInstances();
    return rotated;
  });
}

/** Ends an admin key for good, and tells how many are left that are good; null where there is no such key. */
export function revokeAdminKey(id: string): Promise<{ goodKeys: number } | null> {
  return withDatabase(async ({ db }, profile) => {
    const at = new Date();
    const name = toName(id);
    const revoked = name && (await revokeApiKey(db, name, at));
    if (!revoked) return null;
    if (profile === 'production') await tellInstances();
    return { goodKeys: await countGoodAdminKeys(db, at) };
  });
}

function toName(id: string): KeyName | null {
  return isUuid(id) ? { clientId: null, id } : null;
}

/** At best: an instance that is not told finds out by itself when its cache ends. */
async function tellInstances(): Promise<void> {
  const url = readRedisUrl();
  const redis = url === null ? null : openRedis(url);
  if (!redis) return;
  await settlesWithin(NEWS_TIMEOUT_MS, tellKeyNews(redis, null));
  redis.disconnect();
}

/** Null where the URL is none. */
function openRedis(url: string): RedisClient | null {
  try {
    const redis = createRedisClient(url, {
      connectTimeout: NEWS_TIMEOUT_MS,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    // Without a listener the driver writes to the terminal by itself.
    redis.on('error', () => {});
    return redis;
  } catch {
    return null;
  }
}
