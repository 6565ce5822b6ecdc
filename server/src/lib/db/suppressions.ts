import { and, desc, eq, lt } from 'drizzle-orm';
import { suppressions } from '../../db/schema.ts';
import type { SuppressionReason } from '../messages/provider-events.ts';
import type { Db } from './database.ts';

export type Suppression = typeof suppressions.$inferSelect;

export type NewSuppression = {
  clientId: string;
  email: string;
  reason: SuppressionReason;
  /** The message whose bounce, complaint or click it was; null for a person's own decision. */
  messageId: string | null;
};

/** An address as the list keeps it: mailboxes that differ in case only do not exist. */
export function toSuppressedEmail(email: string): string {
  return email.toLowerCase();
}

/**
 * Adds addresses that a client's live mail must not reach any more. One that is on the list already stays as it is, with its first
 * reason.
 *
 * @returns those that are new
 */
export async function addSuppressions(db: Db, added: readonly NewSuppression[]): Promise<Suppression[]> {
  if (added.length === 0) return [];
  // Always in the same order, so that two batches cannot wait for each other.
  const rows = added.map(({ clientId, email, reason, messageId }) => ({
    id: Bun.randomUUIDv7(),
    clientId,
    email: toSuppressedEmail(email),
    reason,
    messageId,
  }));
  rows.sort((a, b) => compare(`${a.clientId} ${a.email}`, `${b.clientId} ${b.email}`));
  return db.insert(suppressions).values(rows).onConflictDoNothing().returning();
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Null where the client's list does not hold the address. */
export async function findSuppression(
  db: Db,
  { clientId, email }: Pick<NewSuppression, 'clientId' | 'email'>,
): Promise<Suppression | null> {
  const [row] = await db
    .select()
    .from(suppressions)
    .where(and(eq(suppressions.clientId, clientId), eq(suppressions.email, toSuppressedEmail(email))));
  return row ?? null;
}

export type SuppressionFilter = { email?: string; reason?: SuppressionReason };

/** Newest first; `before` is the last id of the previous page. */
export async function listSuppressions(
  db: Db,
  {
    clientId,
    filter,
    before,
    limit,
  }: { clientId: string; filter: SuppressionFilter; before: string | null; limit: number },
): Promise<Suppression[]> {
  const { email, reason } = filter;
  return db
    .select()
    .from(suppressions)
    .where(
      and(
        eq(suppressions.clientId, clientId),
        before === null ? undefined : lt(suppressions.id, before),
        email === undefined ? undefined : eq(suppressions.email, toSuppressedEmail(email)),
        reason && eq(suppressions.reason, reason),
      ),
    )
    .orderBy(desc(suppressions.id))
    .limit(limit);
}

/**
 * Takes an address off a client's list, by the entry's id or by the address.
 *
 * @returns what was taken off; null where there was nothing
 */
export async function removeSuppression(
  db: Db,
  { clientId, ...which }: { clientId: string } & ({ id: string } | { email: string }),
): Promise<Suppression | null> {
  const isMeant =
    'id' in which ? eq(suppressions.id, which.id) : eq(suppressions.email, toSuppressedEmail(which.email));
  const [row] = await db
    .delete(suppressions)
    .where(and(eq(suppressions.clientId, clientId), isMeant))
    .returning();
  return row ?? null;
}
