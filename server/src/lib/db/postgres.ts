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
 * For hand-written statements that look rows up by their keys. A prepared statement keeps the plan it was first given; one
 * made while the tables were empty would read them from end to end long after they have grown.
 */
export const LOOK_UPS = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
};

/** One for each statement that is batched (claim, checkpoint, record), and one for the rest. */
const MAX_LOOK_UP_CONNECTIONS = 4;

/** A statement that waits for ever would hold a connection, and soon all of them. */
const LIMITS = { lock_timeout: 3000, statement_timeout: 30_000 };

const CONNECTION = {
  connect_timeout: 5,
  // Of several hosts the one that takes writes: after a failover that is another one.
  target_session_attrs: 'primary' as const,
  // The driver's own backoff grows with every failed attempt of every connection together, up to 20 seconds: after an
  // outage of half a second requests would wait that long for a database that is back. An attempt is only made for a query.
  backoff: () => 0.05 + Math.random() * 0.2,
  // A notice is the server talking to a person at psql; ours go through errors and logs.
  onnotice: () => {},
};

/**
 * Longer than any statement may take: who is silent for so long is gone, without anybody having said so. Without this the
 * operating system decides, after a quarter of an hour.
 */
const SILENCE_MS = 35_000;

/** Opens PostgreSQL 15+; connects on first use. */
export function openPostgres(url: string, { maxConnections = 10, silenceMs = SILENCE_MS } = {}): Database {
  const settings = { ...CONNECTION, answer_timeout: silenceMs / 1000 };
  const client = postgres(url, { ...settings, max: maxConnections, connection: LIMITS });
  const lookUps = postgres(url, {
    ...settings,
    max: MAX_LOOK_UP_CONNECTIONS,
    idle_timeout: 60,
    connection: { ...LIMITS, ...LOOK_UPS },
  });
  const db = drizzle(client, { schema });
  return {
    db,
    transaction: (work) => db.transaction(work),
    async query<Row extends object>(text: string, params: readonly (string | number | null)[]) {
      return [...(await lookUps.unsafe<Row[]>(text, [...params], { prepare: true }))];
    },
    async ping() {
      await db.execute(sql`select 1`);
    },
    migrate: () => migrateAlone(url),
    async close() {
      await Promise.all([client.end({ timeout: 5 }), lookUps.end({ timeout: 5 })]);
    },
  };
}

/** Migrates on a connection of its own that holds an advisory lock, so that instances take turns. */
async function migrateAlone(url: string): Promise<void> {
  const client = postgres(url, { ...CONNECTION, max: 1, connect_timeout: 10 });
  try {
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER });
  } finally {
    await client.end({ timeout: 5 });
  }
}
