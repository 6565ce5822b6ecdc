import { eq } from 'drizzle-orm';
import { clients } from '../../db/schema.ts';
import type { Db } from './database.ts';

export type Client = typeof clients.$inferSelect;

/** Creates an active client, or returns null where the name is taken. */
export async function insertClient(
  db: Db,
  client: { id: string; name: string; fromDomains: string[] | null },
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

/** Suspends or reactivates; false where there is no such client. */
export async function setClientStatus(db: Db, id: string, status: Client['status']): Promise<boolean> {
  const rows = await db
    .update(clients)
    .set({ status, updatedAt: new Date() })
    .where(eq(clients.id, id))
    .returning({ id: clients.id });
  return rows.length > 0;
}
