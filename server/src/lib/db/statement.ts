import { PostgresJsSession } from 'drizzle-orm/postgres-js';
import type { Db } from './database.ts';

/** A row as a driver gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** The part of PGlite, and of its transactions, that runs statements. */
export type EmbeddedSession = {
  query<R>(text: string, params?: unknown[]): Promise<{ rows: R[]; affectedRows?: number }>;
  exec(text: string): Promise<{ rows: unknown[]; affectedRows?: number }[]>;
};

/**
 * Runs one statement with `$1` parameters and returns its rows, on the database or in an open transaction. For hot paths: the
 * server keeps the plan under the text, and nothing is built from parts on the way.
 */
export async function runStatement(
  db: Db,
  text: string,
  params: readonly unknown[],
): Promise<readonly Row[]> {
  const { session } = db._;
  if (session instanceof PostgresJsSession) {
    return session.client.unsafe(text, [...params], { prepare: true });
  }
  return (await embeddedSessionOf(db).query<Row>(text, [...params])).rows;
}

/**
 * What a handle on the embedded database works on: PGlite itself or its open transaction.
 *
 * @throws TypeError for a handle of another driver
 */
export function embeddedSessionOf(db: Db): EmbeddedSession {
  const client: unknown = Reflect.get(db._.session, 'client');
  if (isEmbeddedSession(client)) return client;
  throw new TypeError('the handle does not belong to the embedded database');
}

function isEmbeddedSession(client: unknown): client is EmbeddedSession {
  return (
    typeof client === 'object' &&
    client !== null &&
    typeof Reflect.get(client, 'query') === 'function' &&
    typeof Reflect.get(client, 'exec') === 'function'
  );
}
