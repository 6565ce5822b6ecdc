import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { sql } from 'drizzle-orm';
import type { Logger } from '../telemetry/logger.ts';
import { codeOf } from './connection-error.ts';
import type { Database, Db } from './database.ts';
import { readUnsafeSettings } from './durability.ts';
import { MIGRATIONS_FOLDER } from './migrations-folder.ts';

const JournalSchema = Type.Object({
  entries: Type.Array(Type.Object({ tag: Type.String(), when: Type.Integer() })),
});

/** How a database's schema and this code's migrations relate. */
export type SchemaState = {
  /** Names of migrations that the database has not seen, oldest first. */
  missing: readonly string[];
  /** How many migrations it has seen that this code does not know: it belongs to a later release. */
  later: number;
  applied: number;
};

/** The database is older than the code. */
export class SchemaBehindError extends Error {
  readonly code = 'SCHEMA_BEHIND';

  constructor(missing: readonly string[]) {
    super(
      `The schema of the database is older than this release: ${missing.length === 1 ? 'a migration is' : `${missing.length} migrations are`} missing (${missing.join(', ')}). Run "mailctl migrate" with this release first.`,
    );
    this.name = 'SchemaBehindError';
  }
}

/** The migrations that this code comes with, oldest first. */
export function readMigrations(folder = MIGRATIONS_FOLDER): Static<typeof JournalSchema>['entries'] {
  const journal: unknown = JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8'));
  return Value.Parse(JournalSchema, journal).entries;
}

const UNDEFINED_TABLE = '42P01';

/** Compares by the times that drizzle knows migrations by. */
export async function readSchemaState(db: Db): Promise<SchemaState> {
  const applied = await readAppliedTimes(db);
  const known = readMigrations();
  const times = new Set(known.map(({ when }) => when));
  return {
    missing: known.filter(({ when }) => !applied.has(when)).map(({ tag }) => tag),
    later: [...applied].filter((when) => !times.has(when)).length,
    applied: applied.size,
  };
}

/** Before the first migration there is no table of them. */
async function readAppliedTimes(db: Db): Promise<Set<number>> {
  try {
    const rows: unknown = await db.execute(
      sql`select created_at::float8 as at from drizzle.__drizzle_migrations`,
    );
    return new Set(Array.isArray(rows) ? rows.map((row) => Number(Object(row).at)) : []);
  } catch (error) {
    if (codeOf(error) === UNDEFINED_TABLE) return new Set();
    throw error;
  }
}

/**
 * Lets a database answer `ping` only once its schema was found to have every migration of this code. One of a later release
 * will do: migrations keep to what the release before them can live with. Says so where it forgets what it committed.
 */
export function guardSchema(database: Database, logger: Logger): Database {
  let isKnown = false;
  return {
    ...database,
    async ping() {
      if (isKnown) return database.ping();
      const { missing, later } = await readSchemaState(database.db);
      if (missing.length > 0) throw new SchemaBehindError(missing);
      if (later > 0) logger.warn({ later }, 'the schema of the database belongs to a later release');
      await warnOfLosses(database.db, logger);
      isKnown = true;
    },
  };
}

async function warnOfLosses(db: Db, logger: Logger): Promise<void> {
  const settings = await readUnsafeSettings(db);
  if (settings.length === 0) return;
  logger.warn({ settings }, 'accepted mail may be lost with the power: settings of PostgreSQL are off');
}
