import { POSTGRES_VARIABLE, REDIS_VARIABLE } from '../../server/test/support/once-per-run.ts';
import { startPostgres } from '../../server/test/support/postgres.ts';
import { startRedis } from '../../server/test/support/redis.ts';
import { isAvailable } from '../../server/test/support/requires.ts';

/** One PostgreSQL and one Redis for all test files of a run, where they are installed. */
export type SharedServers = {
  /** Variables that tell the test files where they are. */
  environment: Record<string, string>;
  stop(): Promise<void>;
};

/** Starts what is installed; test files that find nothing skip, or fail in CI, by themselves. */
export async function startSharedServers(): Promise<SharedServers> {
  const [postgres, redis] = await Promise.all([
    isAvailable('initdb', 'postgres') ? startPostgres() : null,
    isAvailable('redis-server') ? startRedis() : null,
  ]);
  return {
    environment: {
      ...(postgres ? { [POSTGRES_VARIABLE]: postgres.url } : {}),
      ...(redis ? { [REDIS_VARIABLE]: redis.url } : {}),
    },
    async stop() {
      await Promise.all([postgres?.stop(), redis?.stop()]);
    },
  };
}
