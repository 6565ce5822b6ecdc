import { and, desc, eq, inArray, lt, ne, sql } from 'drizzle-orm';
import { webhookDeliveries, webhookEndpoints } from '../../db/schema.ts';
import type { Database, Db } from './database.ts';
import type { MessageOwner } from './messages.ts';

export type WebhookEndpoint = typeof webhookEndpoints.$inferSelect;
export type NewWebhookEndpoint = Pick<
  WebhookEndpoint,
  'id' | 'clientId' | 'mode' | 'url' | 'description' | 'events' | 'secret'
>;
export type PauseReason = NonNullable<WebhookEndpoint['pauseReason']>;

/** As many as this a client and mode may have: each event is a delivery to each of them. */
export const MAX_ENDPOINTS = 20;

/** Adds an endpoint; null where the client has {@link MAX_ENDPOINTS} already. */
export async function insertEndpoint(
  database: Database,
  endpoint: NewWebhookEndpoint,
): Promise<WebhookEndpoint | null> {
  return database.transaction(async (tx) => {
    const { clientId, mode } = endpoint;
    // Two at once would both count before either had written.
    await tx.execute(
      sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks ${clientId} ${mode}`}, 0))`,
    );
    const count = await tx.$count(webhookEndpoints, isOwnedBy({ clientId, mode }));
    if (count >= MAX_ENDPOINTS) return null;
    const [row] = await tx.insert(webhookEndpoints).values(endpoint).returning();
    if (!row) throw new Error('the database returned no endpoint');
    return row;
  });
}

/** Newest first; `before` is the last id of the previous page. */
export async function listEndpoints(
  db: Db,
  { owner, before, limit }: { owner: MessageOwner; before: string | null; limit: number },
): Promise<WebhookEndpoint[]> {
  return db
    .select()
    .from(webhookEndpoints)
    .where(and(isOwnedBy(owner), before === null ? undefined : lt(webhookEndpoints.id, before)))
    .orderBy(desc(webhookEndpoints.id))
    .limit(limit);
}

export async function findEndpoint(db: Db, owner: MessageOwner, id: string): Promise<WebhookEndpoint | null> {
  const [row] = await db
    .select()
    .from(webhookEndpoints)
    .where(and(eq(webhookEndpoints.id, id), isOwnedBy(owner)));
  return row ?? null;
}

export type EndpointChanges = Partial<Pick<WebhookEndpoint, 'url' | 'events' | 'description' | 'status'>>;

/**
 * Changes an endpoint of this owner. Made active again it hears of what happens from now on, and what was held back for it becomes
 * due at once.
 *
 * @returns null where the owner has no such endpoint
 */
export async function updateEndpoint(
  database: Database,
  { owner, id, changes }: { owner: MessageOwner; id: string; changes: EndpointChanges },
): Promise<WebhookEndpoint | null> {
  return database.transaction(async (tx) => {
    const [before] = await tx
      .select()
      .from(webhookEndpoints)
      .where(and(eq(webhookEndpoints.id, id), isOwnedBy(owner)))
      .for('update');
    if (!before) return null;
    const { status, ...facts } = changes;
    const [row] = await tx
      .update(webhookEndpoints)
      .set({ ...facts, ...toStatusChange(before, status), updatedAt: sql`now()` })
      .where(eq(webhookEndpoints.id, id))
      .returning();
    if (status !== undefined && status !== before.status) await moveHeldBack(tx, id, status);
    return row ?? null;
  });
}

function toStatusChange(before: WebhookEndpoint, status: WebhookEndpoint['status'] | undefined) {
  if (status === undefined || status === before.status) return {};
  if (status === 'paused') return { status, pauseReason: 'manual' as const, pausedAt: sql`now()` };
  return {
    status,
    pauseReason: null,
    pausedAt: null,
    failingSince: null,
    sinceTxid: sql`pg_current_xact_id()`,
  };
}

/**
 * Pauses an active endpoint and holds its deliveries back.
 *
 * @returns false where it was paused already, or is gone
 */
export async function pauseEndpoint(tx: Db, id: string, reason: PauseReason): Promise<boolean> {
  const rows = await tx
    .update(webhookEndpoints)
    .set({ status: 'paused', pauseReason: reason, pausedAt: sql`now()`, updatedAt: sql`now()` })
    .where(and(eq(webhookEndpoints.id, id), eq(webhookEndpoints.status, 'active')))
    .returning({ id: webhookEndpoints.id });
  if (rows.length > 0) await moveHeldBack(tx, id, 'paused');
  return rows.length > 0;
}

async function moveHeldBack(tx: Db, id: string, status: WebhookEndpoint['status']): Promise<void> {
  const [from, to] =
    status === 'paused' ? (['pending', 'paused'] as const) : (['paused', 'pending'] as const);
  await tx
    .update(webhookDeliveries)
    .set({
      status: to,
      scheduleAttempts: 0,
      scheduleStartedAt: sql`now()`,
      nextAttemptAt: sql`now()`,
      queuedUntil: null,
      updatedAt: sql`now()`,
    })
    .where(and(eq(webhookDeliveries.endpointId, id), eq(webhookDeliveries.status, from)));
}

/** Removes an endpoint with its deliveries; false where the owner has no such endpoint. */
export async function deleteEndpoint(db: Db, owner: MessageOwner, id: string): Promise<boolean> {
  const rows = await db
    .delete(webhookEndpoints)
    .where(and(eq(webhookEndpoints.id, id), isOwnedBy(owner)))
    .returning({ id: webhookEndpoints.id });
  return rows.length > 0;
}

/** Replaces the secret; the old one signs too for `overlapMs`. */
export async function rotateSecret(
  db: Db,
  { owner, id, secret, overlapMs }: { owner: MessageOwner; id: string; secret: string; overlapMs: number },
): Promise<WebhookEndpoint | null> {
  const [row] = await db
    .update(webhookEndpoints)
    .set({
      previousSecret: overlapMs > 0 ? sql`${webhookEndpoints.secret}` : null,
      previousSecretUntil: overlapMs > 0 ? sql`now() + make_interval(secs => ${overlapMs / 1000})` : null,
      secret,
      updatedAt: sql`now()`,
    })
    .where(and(eq(webhookEndpoints.id, id), isOwnedBy(owner)))
    .returning();
  return row ?? null;
}

/** The clients that somebody listens for. */
export async function listListeningClients(db: Db): Promise<string[]> {
  const rows = await db
    .selectDistinct({ clientId: webhookEndpoints.clientId })
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.status, 'active'));
  return rows.map(({ clientId }) => clientId);
}

/** Active endpoints of these clients, of both modes. */
export async function listActiveEndpoints(db: Db, clientIds: readonly string[]): Promise<WebhookEndpoint[]> {
  if (clientIds.length === 0) return [];
  return db
    .select()
    .from(webhookEndpoints)
    .where(and(inArray(webhookEndpoints.clientId, [...clientIds]), eq(webhookEndpoints.status, 'active')));
}

/** The owner's other active endpoints, to be told what became of this one. */
export async function listOtherEndpoints(tx: Db, endpoint: WebhookEndpoint): Promise<WebhookEndpoint[]> {
  return tx
    .select()
    .from(webhookEndpoints)
    .where(
      and(isOwnedBy(endpoint), ne(webhookEndpoints.id, endpoint.id), eq(webhookEndpoints.status, 'active')),
    );
}

function isOwnedBy({ clientId, mode }: MessageOwner) {
  return and(eq(webhookEndpoints.clientId, clientId), eq(webhookEndpoints.mode, mode));
}
