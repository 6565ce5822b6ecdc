import { readDatabaseSettings } from '../config.ts';
import type { Database } from '../lib/db/database.ts';
import { openPglite } from '../lib/db/pglite.ts';
import { openPostgres } from '../lib/db/postgres.ts';

/** The configured database does not answer. */
export class DatabaseUnreachableError extends Error {
  constructor(cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    super(
      `The database of DATABASE_URL cannot be reached${code}: check that it runs, and its host, port, user and password.`,
      { cause },
    );
    this.name = 'DatabaseUnreachableError';
  }
}

/**
 * Runs work on the configured database, and closes it in any case.
 *
 * @throws ConfigError where DATABASE_URL is wrong, DatabaseUnreachableError where it does not answer
 */
export async function withDatabase<T>(
  work: (database: Database, profile: 'embedded' | 'production') => Promise<T>,
): Promise<T> {
  const storage = readDatabaseSettings();
  const database =
    storage.kind === 'embedded'
      ? await openPglite(storage.databaseDir)
      : openPostgres(storage.databaseUrl, { maxConnections: 1 });
  try {
    await assertReachable(database);
    return await work(database, storage.kind);
  } finally {
    await database.close();
  }
}

async function assertReachable(database: Database): Promise<void> {
  try {
    await database.ping();
  } catch (error) {
    throw new DatabaseUnreachableError(error instanceof Error && error.cause ? error.cause : error);
  }
}
