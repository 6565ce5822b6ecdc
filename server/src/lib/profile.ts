import type { StorageSettings } from '../config.ts';
import { createRedisKeyNews, createSilentKeyNews, type KeyNews } from './auth/key-news.ts';
import { createBlobStore } from './blobs/blob-settings.ts';
import type { BlobStore } from './blobs/blob-store.ts';
import { releaseAllLeases } from './db/deliveries-unfinished.ts';
import { isConnectionError } from './db/connection-error.ts';
import type { Database } from './db/database.ts';
import type { AddJobsInTransaction } from './db/messages-write.ts';
import { openPostgres } from './db/postgres.ts';
import { guardSchema } from './db/schema-guard.ts';
import { embeddedSessionOf } from './db/statement.ts';
import { type BuildLock, createMemoryLock, createRedisLock } from './engine/locker.ts';
import {
  type BreakerBroadcast,
  createRedisBroadcast,
  createSilentBroadcast,
} from './providers/breaker-broadcast.ts';
import { createMemoryBoard, createRedisBoard, type ProviderBoard } from './providers/provider-board.ts';
import { createMemoryRateLimits, createRedisRateLimits, type RateLimits } from './providers/rate-limit.ts';
import { createEmbeddedQueue, createRedisQueue } from './queue/bullmq.ts';
import type { QueueBackend } from './queue/mail-queue.ts';
import { createMemoryRateLimiter, type RateLimiter } from './rate-limits/rate-limiter.ts';
import { createRedisRateLimiter } from './rate-limits/redis-rate-limiter.ts';
import { openRedis } from './queue/redis.ts';
import {
  createEmbeddedWebhookQueue,
  createRedisWebhookQueue,
  type WebhookQueueBackend,
} from './queue/webhook-queue.ts';
import type { Logger } from './telemetry/logger.ts';
import { settlesWithin } from './time-limit.ts';

/** What both profiles provide; nothing beyond this module asks which one it is. */
export type Profile = {
  readonly name: 'embedded' | 'production';
  readonly database: Database;
  readonly queue: QueueBackend;
  readonly webhooks: WebhookQueueBackend;
  /** Where the queue is in the same database: adds jobs in the transaction of their rows. Null elsewhere. */
  readonly addJobsInTransaction: AddJobsInTransaction | null;
  readonly blobs: BlobStore;
  readonly rateLimiter: RateLimiter;
  readonly buildLock: BuildLock;
  /** Holds the workers' providers to their rates together. */
  readonly rateLimits: RateLimits;
  /** Tells the other workers of providers that are out of order. */
  readonly broadcast: BreakerBroadcast;
  /** How the workers find their providers. */
  readonly providerBoard: ProviderBoard;
  /** Tells the other instances of changed clients and keys. */
  readonly keyNews: KeyNews;
  close(): Promise<void>;
};

/** The one place that chooses between the embedded database and PostgreSQL with Redis. */
export function openProfile(storage: StorageSettings, logger: Logger): Promise<Profile> {
  return storage.kind === 'embedded' ? openEmbedded(storage) : openProduction(storage, logger);
}

async function openEmbedded({
  databaseDir,
  blobs,
}: Extract<StorageSettings, { kind: 'embedded' }>): Promise<Profile> {
  // Loaded where it is used: a process of the other profile starts the sooner without it.
  const { openPglite } = await import('./db/pglite.ts');
  const database = await openPglite(databaseDir);
  try {
    await database.migrate();
    // This process is the only one on the folder, so whoever held a lease or a job is dead.
    await releaseAllLeases(database.db);
    const queue = await createEmbeddedQueue(database.pool);
    const webhooks = createEmbeddedWebhookQueue(database.pool);
    return {
      name: 'embedded',
      database,
      queue,
      webhooks,
      addJobsInTransaction: (tx, jobs) =>
        database.pool.inTransaction(embeddedSessionOf(tx), () => queue.queue.add(jobs)),
      blobs: createBlobStore(blobs, database.db),
      rateLimiter: createMemoryRateLimiter({ nowMs: Date.now }),
      buildLock: createMemoryLock(),
      rateLimits: createMemoryRateLimits(),
      broadcast: createSilentBroadcast(),
      keyNews: createSilentKeyNews(),
      providerBoard: createMemoryBoard(),
      async close() {
        await Promise.all([queue.queue.close(), webhooks.queue.close()]);
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** A Redis that says nothing must not keep a process from starting. */
const FIRST_CONNECTION_MS = 2000;

async function openProduction(
  { databaseUrl, redisUrl, blobs }: Extract<StorageSettings, { kind: 'production' }>,
  logger: Logger,
): Promise<Profile> {
  const database = guardSchema(openPostgres(databaseUrl), logger);
  await assertUsable(database, logger);
  const redis = openRedis(redisUrl, logger);
  // What asks Redis first at a start, the lock of builds, would be told that it is away before there was time to connect.
  await settlesWithin(FIRST_CONNECTION_MS, redis.attempted);
  const keyNews = createRedisKeyNews({ redis: redis.failFast, logger });
  const connections = { producer: redis.failFast, consumer: redis.patient };
  const queue = createRedisQueue(connections);
  const webhooks = createRedisWebhookQueue(connections);
  return {
    name: 'production',
    database,
    queue,
    webhooks,
    addJobsInTransaction: null,
    blobs: createBlobStore(blobs, database.db),
    rateLimiter: createRedisRateLimiter({
      redis: redis.failFast,
      fallback: createMemoryRateLimiter({ nowMs: Date.now }),
      nowMs: Date.now,
    }),
    buildLock: createRedisLock(redis.failFast),
    rateLimits: createRedisRateLimits({ redis: redis.failFast, logger }),
    broadcast: createRedisBroadcast({ redis: redis.failFast, logger }),
    keyNews,
    providerBoard: createRedisBoard(redis.failFast),
    async close() {
      await keyNews.close();
      await Promise.all([queue.queue.close(), webhooks.queue.close()]);
      await redis.close();
      await database.close();
    },
  };
}

/** A process also starts while the database is away, and is not ready before its schema was looked at. */
async function assertUsable(database: Database, logger: Logger): Promise<void> {
  try {
    await database.ping();
  } catch (error) {
    if (isConnectionError(error)) return logger.warn({ err: error }, 'the database cannot be reached yet');
    await database.close();
    throw error;
  }
}
