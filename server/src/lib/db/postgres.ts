import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import * as schema from '../../db/schema.ts';
import type { Database } from './database.ts';
import { MIGRATIONS_FOLDER } from './migrations-folder.ts';

/** Any fixed number will do: it serialises migrations of several instances that start at once. */
const MIGRATION_LOCK = 7_246_245;

/**
 * The driver's own backoff grows with every failed attempt of every connection together, up to 20 seconds: after an outage
 * of half a second requests would wait that long for a database that is back. An attempt is only made for a query.
 */
const reconnectAfterS = () => 0.05 + Math.random() * 0.2;

/** Opens PostgreSQL 15+; connects on first use. */
export function openPostgres(url: string, { maxConnections = 10 } = {}): Database {
  const client = postgres(url, {
    max: maxConnections,
    connect_timeout: 10,
    backoff: reconnectAfterS,
    // A notice is the server talking to a person at psql; ours go through errors and logs.
    onnotice: () => {},
  });
  const db = drizzle(client, { schema });
  return {
    db,
    transaction: (work) => db.transaction(work),
    async ping() {
      await db.execute(sql`select 1`);
    },
    migrate: () => migrateAlone(url),
    close: () => client.end({ timeout: 5 }),
  };
}

/** Migrates on a connection of its own that holds an advisory lock, so that instances take turns. */
async function migrateAlone(url: string): Promise<void> {
  const client = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} });
  try {
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER });
  } finally {
    await client.end({ timeout: 5 });
  }
}
