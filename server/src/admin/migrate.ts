import { readConfig } from '../config.ts';
import { openPglite } from '../lib/db/pglite.ts';
import { openPostgres } from '../lib/db/postgres.ts';

/**
 * Brings the schema of the configured database up to date; does nothing where it is already.
 *
 * @throws ConfigError where no database is configured, or the driver's error where it cannot be reached
 */
export async function migrateDatabase(overrides: Readonly<Record<string, string | undefined>> = {}): Promise<{ profile: 'embedded' | 'production' }> {
  // Any role will do: the settings of the database are the same for all.
  const { storage } = readConfig({ SERVICE_ROLE: 'DEV', ...overrides });
  const database = storage.kind === 'embedded' ? await openPglite(storage.databaseDir) : openPostgres(storage.databaseUrl, { maxConnections: 1 });
  try {
    await database.migrate();
  } finally {
    await database.close();
  }
  return { profile: storage.kind };
}
