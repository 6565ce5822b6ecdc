import { openPostgres } from '../../src/lib/db/postgres.ts';

/** What `mailctl migrate` does, on any database. */
export async function migrateDatabaseAt(url: string): Promise<void> {
  const database = openPostgres(url, { maxConnections: 1 });
  await database.migrate();
  await database.close();
}
