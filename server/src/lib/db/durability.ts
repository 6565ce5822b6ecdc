import { sql } from 'drizzle-orm';
import type { Db } from './database.ts';

/**
 * Settings of PostgreSQL without which what was committed may be gone after a loss of power, and with it mail that was accepted: of these the
 * names of those that are off for us.
 */
export async function readUnsafeSettings(db: Db): Promise<string[]> {
  const rows: unknown = await db.execute(
    sql`select name from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off' order by name`,
  );
  return Array.isArray(rows) ? rows.map((row) => String(Object(row).name)) : [];
}
