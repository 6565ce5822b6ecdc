import type { ExtractTablesWithRelations } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type * as schema from '../../db/schema.ts';

/**
 * What queries run on: the database itself or an open transaction, on either driver. Inside a transaction only
 * the handle that was passed in may be used: on the embedded database any other waits for itself for ever.
 */
export type Db = PgDatabase<PgQueryResultHKT, typeof schema, ExtractTablesWithRelations<typeof schema>>;

/** An open database of either profile. */
export type Database = {
  readonly db: Db;
  /** Runs `work` in one transaction: commits when it resolves, rolls back when it throws. */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>;
  /**
   * Runs one hand-written statement by itself, prepared once and planned for look-ups by index whatever the size of the
   * tables. Rows come as the driver gives them: let the statement cast to text, numbers and json. Never inside a transaction.
   */
  query<Row extends object>(text: string, params: readonly (string | number | null)[]): Promise<Row[]>;
  /** Resolves when the database answers; throws the driver's error otherwise. */
  ping(): Promise<void>;
  /** Brings the schema up to date; safe to repeat. */
  migrate(): Promise<void>;
  /** Waits for what is under way, then closes. Safe to call twice. */
  close(): Promise<void>;
};
