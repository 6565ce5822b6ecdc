import { withDatabase } from './database.ts';

/** Brings the schema of the configured database up to date; does nothing where it is already. */
export function migrateDatabase(): Promise<{ profile: 'embedded' | 'production' }> {
  return withDatabase(async (database, profile) => {
    await database.migrate();
    return { profile };
  });
}
