import { readDatabaseSettings } from '../config.ts';
import { openPglite } from '../lib/db/pglite.ts';
import { openPostgres } from '../lib/db/postgres.ts';

/**
 * Brings the schema of the configured database up to date; does nothing where it is already.
 *
 * @throws ConfigError where DATABASE_URL is wrong, or the driver's error where the database cannot be reached
 */
export async function migrateDatabase(): Promise<{ profile: 'embedded' | 'production' }> {
  const storage = readDatabaseSettings();
  const database =
    storage.kind === 'embedded'
      ? await openPglite(storage.databaseDir)
      : openPostgres(storage.databaseUrl, { maxConnections: 1 });
  try {
    await database.migrate();
  } finally {
    await database.close();
  }
  return { profile: storage.kind };
}
