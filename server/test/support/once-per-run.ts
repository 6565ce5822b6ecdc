import { createTestDatabase, startPostgres, type TestDatabase } from './postgres.ts';
import { createRedisDatabase, startRedis } from './redis.ts';

/** Set by scripts/test.ts, which starts one of each for all test files of a run. */
export const POSTGRES_VARIABLE = 'MAIL_TEST_POSTGRES_URL';
/** See `POSTGRES_VARIABLE`. */
export const REDIS_VARIABLE = 'MAIL_TEST_REDIS_URL';

/** A PostgreSQL for one test file. */
export type PostgresForFile = {
  /** The maintenance URL of the cluster. */
  url: string;
  createDatabase(): Promise<TestDatabase>;
  /** Ends the server where this file started it. Call it in `afterAll`. */
  release(): Promise<void>;
};

/** A Redis for one test file. */
export type RedisForFile = {
  url: string;
  /** The URL of an empty database that no other test file has. */
  createDatabase(): Promise<string>;
  /** Ends the server where this file started it. Call it in `afterAll`. */
  release(): Promise<void>;
};

/**
 * The run's PostgreSQL, or one of this file's own under a plain `bun test`. Tests that stop or kill the server
 * call `startPostgres` instead.
 */
export async function acquirePostgres(): Promise<PostgresForFile> {
  const url = process.env[POSTGRES_VARIABLE];
  if (url) return { url, createDatabase: () => createTestDatabase(url), release: async () => undefined };
  const server = await startPostgres();
  return { url: server.url, createDatabase: () => server.createDatabase(), release: () => server.stop() };
}

/** The run's Redis (append-only file on), or one of this file's own; see `acquirePostgres`. */
export async function acquireRedis(): Promise<RedisForFile> {
  const url = process.env[REDIS_VARIABLE];
  if (url) return { url, createDatabase: () => createRedisDatabase(url), release: async () => undefined };
  const server = await startRedis();
  return { url: server.url, createDatabase: () => server.createDatabase(), release: () => server.stop() };
}
