import { eq } from 'drizzle-orm';
import { apiKeys, clients } from '../../db/schema.ts';
import type { Client } from './clients.ts';
import type { Db } from './database.ts';

export type ApiKey = typeof apiKeys.$inferSelect;
export type NewApiKeyRow = typeof apiKeys.$inferInsert;

export async function insertApiKey(db: Db, key: NewApiKeyRow): Promise<ApiKey> {
  const [row] = await db.insert(apiKeys).values(key).returning();
  if (!row) throw new Error('the database returned no key');
  return row;
}

/** The key with its client (null for an admin key), whatever their state: the caller decides what that means. */
export async function findApiKeyByPrefix(
  db: Db,
  prefix: string,
): Promise<{ key: ApiKey; client: Client | null } | null> {
  const [row] = await db
    .select({ key: apiKeys, client: clients })
    .from(apiKeys)
    .leftJoin(clients, eq(clients.id, apiKeys.clientId))
    .where(eq(apiKeys.prefix, prefix));
  return row ?? null;
}

export async function hasAdminKey(db: Db): Promise<boolean> {
  const [row] = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(eq(apiKeys.scopes, ['admin']))
    .limit(1);
  return row !== undefined;
}

export async function touchApiKey(db: Db, id: string, at: Date): Promise<void> {
  await db.update(apiKeys).set({ lastUsedAt: at }).where(eq(apiKeys.id, id));
}
