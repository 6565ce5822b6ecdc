import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClosers } from '../../server/src/closers.ts';
import { type PostgresServer, startPostgres } from '../../server/test/support/postgres.ts';
import { startRedis } from '../../server/test/support/redis.ts';
import { type CountingSink, type SinkOptions, startCountingSink } from './sink.ts';

/** What every system that is compared works with: the same PostgreSQL, Redis and SMTP sink, each with data of its own. */
export type BenchServers = {
  postgres: PostgresServer;
  /** Process id of PostgreSQL's first process. */
  postgresPid: number;
  redisPid: number;
  sink: CountingSink;
  /** A database and a Redis that no other system uses. */
  createStorage(): Promise<{ databaseUrl: string; redisUrl: string }>;
  /** A folder that is gone when the servers stop. */
  folder: string;
  stop(): Promise<void>;
};

/** Starts them on loopback; fsync and synchronous_commit are on, and Redis writes its append-only file. */
export async function startBenchServers(relay: SinkOptions = {}): Promise<BenchServers> {
  const closers = createClosers();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'bench-delivery-'));
    closers.add(() => rm(folder, { recursive: true, force: true }));
    const postgres = await startPostgres();
    closers.add(() => postgres.stop());
    const redis = await startRedis();
    closers.add(() => redis.stop());
    const sink = await startCountingSink(relay);
    closers.add(() => sink.stop());
    return {
      postgres,
      postgresPid: postgres.pid,
      redisPid: redis.pid,
      sink,
      folder,
      async createStorage() {
        const [database, redisUrl] = await Promise.all([postgres.createDatabase(), redis.createDatabase()]);
        return { databaseUrl: database.url, redisUrl };
      },
      stop: closers.closeAll,
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}
