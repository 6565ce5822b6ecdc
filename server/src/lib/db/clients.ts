import { and, desc, eq, lt } from 'drizzle-orm';
import { clients } from '../../db/schema.ts';
import type { Db } from './database.ts';

export type Client = typeof clients.$inferSelect;

/** What an administrator may change of a client. */
export type ClientSettings = Pick<
  Client,
  'name' | 'status' | 'fromDomains' | 'rateLimit' | 'quotaLimit' | 'provider'
>;

/** Creates an active client, or returns null where the name is taken. */
export async function insertClient(
  db: Db,
  client: Pick<Client, 'id' | 'name' | 'fromDomains'> & Partial<ClientSettings>,
): Promise<Client | null> {
  const [row] = await db
    .insert(clients)
    .values(client)
    .onConflictDoNothing({ target: clients.name })
    .returning();
  return row ?? null;
}

export async function findClient(db: Db, id: string): Promise<Client | null> {
  const [row] = await db.select().from(clients).where(eq(clients.id, id));
  return row ?? null;
}

export async function findClientByName(db: Db, name: string): Promise<Client | null> {
  const [row] = await db.select().from(clients).where(eq(clients.name, name));
  return row ?? null;
}

/** Changes what is given and leaves the rest; null where there is no such client. Throws where the name is taken. */
export async function updateClient(
  db: Db,
  id: string,
  changes: Partial<ClientSettings>,
): Promise<Client | null> {
  const [row] = await db
    .update(clients)
    .set({ ...changes, updatedAt: new Date() })
    .where(eq(clients.id, id))
    .returning();
  return row ?? null;
}

/** Suspends or reactivates; false where there is no such client. */
export async function setClientStatus(db: Db, id: string, status: Client['status']): Promise<boolean> {
  const rows = await db
    .update(clients)
    .set({ status, updatedAt: new Date() })
    .where(eq(clients.id, id))
    .returning({ id: clients.id });
  return rows.length > 0;
}

export type ClientFilter = { status?: Client['status']; name?: string };

/** Clients before an id, newest first. */
export async function listClients(
  db: Db,
  { filter, before, limit }: { filter: ClientFilter; before: string | null; limit: number },
): Promise<Client[]> {
  return db
    .select()
    .from(clients)
    .where(
      and(
        before === null ? undefined : lt(clients.id, before),
        filter.status && eq(clients.status, filter.status),
        filter.name === undefined ? undefined : eq(clients.name, filter.name),
      ),
    )
    .orderBy(desc(clients.id))
    .limit(limit);
}
