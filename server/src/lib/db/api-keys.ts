import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
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

/** One client's key; an admin key is nobody's and is not found. */
export type KeyName = { clientId: string; id: string };

/** A client's keys before an id, newest first, whatever their state. */
export async function listApiKeys(
  db: Db,
  { clientId, before, limit }: { clientId: string; before: string | null; limit: number },
): Promise<ApiKey[]> {
  return db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.clientId, clientId), before === null ? undefined : lt(apiKeys.id, before)))
    .orderBy(desc(apiKeys.id))
    .limit(limit);
}

/** Ends a key for good; a key that was revoked before keeps its time. Null where there is no such key. */
export async function revokeApiKey(db: Db, { clientId, id }: KeyName, at: Date): Promise<ApiKey | null> {
  const [row] = await db
    .update(apiKeys)
    .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, ${at.toISOString()}::timestamptz)` })
    .where(and(eq(apiKeys.clientId, clientId), eq(apiKeys.id, id)))
    .returning();
  return row ?? null;
}

/** Lets a key end at a time, unless it ends sooner; null where there is no such key or it has ended already. */
export async function limitApiKey(
  tx: Db,
  { clientId, id }: KeyName,
  { until, now }: { until: Date; now: Date },
): Promise<ApiKey | null> {
  const [row] = await tx
    .update(apiKeys)
    .set({ expiresAt: sql`least(${apiKeys.expiresAt}, ${until.toISOString()}::timestamptz)` })
    .where(
      and(
        eq(apiKeys.clientId, clientId),
        eq(apiKeys.id, id),
        isNull(apiKeys.revokedAt),
        or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)),
      ),
    )
    .returning();
  return row ?? null;
}
