import type { StorageSettings } from '../config.ts';
import { releaseAllLeases } from './db/deliveries.ts';
import type { Database } from './db/database.ts';
import { openPglite } from './db/pglite.ts';
import { openPostgres } from './db/postgres.ts';
import { type BuildLock, createMemoryLock, createRedisLock } from './engine/locker.ts';
import { createEmbeddedQueue, createRedisQueue } from './queue/bullmq.ts';
import type { QueueBackend } from './queue/mail-queue.ts';
import { openRedis } from './queue/redis.ts';
import {
  createEmbeddedWebhookQueue,
  createRedisWebhookQueue,
  type WebhookQueueBackend,
} from './queue/webhook-queue.ts';
import type { Logger } from './telemetry/logger.ts';

/** What both profiles provide; nothing beyond this module asks which one it is. */
export type Profile = {
  readonly name: 'embedded' | 'production';
  readonly database: Database;
  readonly queue: QueueBackend;
  readonly webhooks: WebhookQueueBackend;
  readonly buildLock: BuildLock;
  close(): Promise<void>;
};

/** The one place that chooses between the embedded database and PostgreSQL with Redis. */
export function openProfile(storage: StorageSettings, logger: Logger): Promise<Profile> {
  return storage.kind === 'embedded' ? openEmbedded(storage.databaseDir) : openProduction(storage, logger);
}

async function openEmbedded(databaseDir: string): Promise<Profile> {
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
      buildLock: createMemoryLock(),
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

async function openProduction(
  { databaseUrl, redisUrl }: { databaseUrl: string; redisUrl: string },
  logger: Logger,
): Promise<Profile> {
  const database = openPostgres(databaseUrl);
  const redis = openRedis(redisUrl, logger);
  const connections = { producer: redis.failFast, consumer: redis.patient };
  const queue = createRedisQueue(connections);
  const webhooks = createRedisWebhookQueue(connections);
  return {
    name: 'production',
    database,
    queue,
    webhooks,
    buildLock: createRedisLock(redis.failFast),
    async close() {
      await Promise.all([queue.queue.close(), webhooks.queue.close()]);
      await redis.close();
      await database.close();
    },
  };
}
