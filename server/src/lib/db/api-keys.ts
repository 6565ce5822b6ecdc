import { and, count, desc, eq, gt, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
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

/** How many admin keys of this database are good at a time; one of the environment is not counted. */
export async function countGoodAdminKeys(db: Db, at: Date): Promise<number> {
  const [row] = await db
    .select({ good: count() })
    .from(apiKeys)
    .where(and(isOwnedBy(null), isGoodAt(at)));
  return row?.good ?? 0;
}

export async function touchApiKey(db: Db, id: string, at: Date): Promise<void> {
  await db.update(apiKeys).set({ lastUsedAt: at }).where(eq(apiKeys.id, id));
}

/** Whose keys: a client's, by its id, or the admin keys, which are nobody's. */
export type KeyOwner = string | null;

/** One of somebody's keys; another's is not found. */
export type KeyName = { clientId: KeyOwner; id: string };

function isOwnedBy(owner: KeyOwner): SQL {
  return owner === null ? isNull(apiKeys.clientId) : eq(apiKeys.clientId, owner);
}

function isGoodAt(at: Date): SQL | undefined {
  return and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, at)));
}

/** What may be told of a key: all but the hash of its secret. */
export function describeKey(key: ApiKey) {
  const { id, clientId, name, prefix, scopes, mode, createdAt } = key;
  return {
    id,
    clientId,
    name,
    prefix,
    scopes,
    mode,
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
  };
}

/** An owner's keys before an id, newest first, whatever their state. */
export async function listApiKeys(
  db: Db,
  { clientId, before, limit }: { clientId: KeyOwner; before: string | null; limit: number },
): Promise<ApiKey[]> {
  return db
    .select()
    .from(apiKeys)
    .where(and(isOwnedBy(clientId), before === null ? undefined : lt(apiKeys.id, before)))
    .orderBy(desc(apiKeys.id))
    .limit(limit);
}

/** Ends a key for good; a key that was revoked before keeps its time. Null where there is no such key. */
export async function revokeApiKey(db: Db, { clientId, id }: KeyName, at: Date): Promise<ApiKey | null> {
  const [row] = await db
    .update(apiKeys)
    .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, ${at.toISOString()}::timestamptz)` })
    .where(and(isOwnedBy(clientId), eq(apiKeys.id, id)))
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
    .where(and(isOwnedBy(clientId), eq(apiKeys.id, id), isGoodAt(now)))
    .returning();
  return row ?? null;
}
