import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, or, sql } from 'drizzle-orm';
import { webhookAttempts, webhookDeliveries, webhookEndpoints } from '../../db/schema.ts';
import { wantsType } from '../webhooks/event-types.ts';
import { toPausedPayload, type WebhookPayload } from '../webhooks/payload.ts';
import type { Database, Db } from './database.ts';
import {
  listOtherEndpoints,
  type PauseReason,
  pauseEndpoint,
  type WebhookEndpoint,
} from './webhooks-endpoints.ts';
import { DUE_COLUMNS, type DueDelivery, queuedUntil } from './webhooks-fan-out.ts';

export type WebhookDelivery = typeof webhookDeliveries.$inferSelect;
export type WebhookAttempt = typeof webhookAttempts.$inferSelect;
export type WebhookDeliveryStatus = WebhookDelivery['status'];

/** The queue's clock may be a little ahead of the database's. */
const EARLY_MS = 250;

/** Adds a delivery of something that is no message's event, due at once. */
export async function insertDelivery(
  db: Db,
  endpointId: string,
  { type, payload }: WebhookPayload,
): Promise<DueDelivery> {
  const id = Bun.randomUUIDv7();
  await db.insert(webhookDeliveries).values({ id, endpointId, type, payload, queuedUntil: queuedUntil() });
  return { id, endpointId, attempts: 0 };
}

export type ClaimedDelivery = { delivery: WebhookDelivery; endpoint: WebhookEndpoint };

/**
 * Takes a due delivery for one attempt, counting it; null where it has ended, is held back, or is another's. An attempt that is not
 * recorded within `leaseMs` counts as lost, and the delivery is due again.
 */
export async function claimDelivery(
  db: Db,
  id: string,
  { leaseMs }: { leaseMs: number },
): Promise<ClaimedDelivery | null> {
  const [delivery] = await db
    .update(webhookDeliveries)
    .set({
      attempts: sql`${webhookDeliveries.attempts} + 1`,
      scheduleAttempts: sql`${webhookDeliveries.scheduleAttempts} + 1`,
      nextAttemptAt: sql`now() + make_interval(secs => ${leaseMs / 1000})`,
      queuedUntil: null,
      updatedAt: sql`now()`,
    })
    .where(
      and(
        eq(webhookDeliveries.id, id),
        eq(webhookDeliveries.status, 'pending'),
        lte(webhookDeliveries.nextAttemptAt, sql`now() + make_interval(secs => ${EARLY_MS / 1000})`),
      ),
    )
    .returning();
  if (!delivery) return null;
  const [endpoint] = await db
    .select()
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.id, delivery.endpointId));
  if (!endpoint) return null;
  if (endpoint.status === 'active') return { delivery, endpoint };
  // Made while the endpoint was being paused: it waits with the others.
  await db.update(webhookDeliveries).set({ status: 'paused' }).where(isAttempt(delivery));
  return null;
}

export type AttemptResult = Pick<
  WebhookAttempt,
  'startedAt' | 'durationMs' | 'statusCode' | 'error' | 'response'
>;

/** What follows from an attempt. */
export type AttemptVerdict =
  | { kind: 'delivered' }
  | { kind: 'retry'; delayMs: number }
  /** The schedule is used up. */
  | { kind: 'exhausted' }
  /** The receiver says that it is no more (410). */
  | { kind: 'gone' };

export type RecordedAttempt = {
  /** Set where this attempt was the last straw for its endpoint. */
  paused: PauseReason | null;
  /** Deliveries that were made to tell of that. */
  due: DueDelivery[];
};

const UNREMARKABLE: RecordedAttempt = { paused: null, due: [] };

/** Writes down an attempt and what follows from it. An attempt that took longer than its lease is logged and changes nothing else. */
export async function recordAttempt(
  database: Database,
  { delivery, endpoint }: ClaimedDelivery,
  { result, verdict, at }: { result: AttemptResult; verdict: AttemptVerdict; at: Date },
): Promise<RecordedAttempt> {
  return database.transaction(async (tx) => {
    await tx
      .insert(webhookAttempts)
      .values({ deliveryId: delivery.id, number: delivery.attempts, ...result })
      .onConflictDoNothing();
    // The endpoint before its deliveries, as whoever pauses it locks them: nobody waits in a circle.
    await markEndpoint(tx, endpoint, { isWorking: verdict.kind === 'delivered', since: result.startedAt });
    if (verdict.kind === 'gone' || verdict.kind === 'exhausted') await lockEndpoint(tx, endpoint);
    const moved = await tx
      .update(webhookDeliveries)
      .set({ ...toChange(verdict), updatedAt: sql`now()` })
      .where(isAttempt(delivery, verdict.kind === 'delivered' ? ['pending', 'paused'] : ['pending']))
      .returning({ id: webhookDeliveries.id });
    if (moved.length === 0) return UNREMARKABLE;
    const reason = await findPauseReason(tx, delivery, verdict);
    if (reason === null || !(await pauseEndpoint(tx, endpoint.id, reason))) return UNREMARKABLE;
    return { paused: reason, due: await tellOthers(tx, endpoint, { reason, at }) };
  });
}

function toChange(verdict: AttemptVerdict) {
  if (verdict.kind === 'delivered') return { status: 'delivered' as const };
  if (verdict.kind !== 'retry') return { status: 'failed' as const };
  return { nextAttemptAt: sql`now() + make_interval(secs => ${verdict.delayMs / 1000})` };
}

/** Written at the first failure and the first success only, so that deliveries do not queue up for this row. */
async function markEndpoint(
  tx: Db,
  { id }: WebhookEndpoint,
  { isWorking, since }: { isWorking: boolean; since: Date },
): Promise<void> {
  await tx
    .update(webhookEndpoints)
    .set({ failingSince: isWorking ? null : since })
    .where(
      and(
        eq(webhookEndpoints.id, id),
        isWorking ? sql`${webhookEndpoints.failingSince} is not null` : isNull(webhookEndpoints.failingSince),
      ),
    );
}

async function lockEndpoint(tx: Db, { id }: WebhookEndpoint): Promise<void> {
  await tx
    .select({ id: webhookEndpoints.id })
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.id, id))
    .for('no key update');
}

/** A delivery has failed for its whole schedule, and nothing else has succeeded since it began. */
async function findPauseReason(
  tx: Db,
  delivery: WebhookDelivery,
  { kind }: AttemptVerdict,
): Promise<PauseReason | null> {
  if (kind === 'gone') return 'gone';
  if (kind !== 'exhausted') return null;
  const [first] = await tx
    .select({ startedAt: webhookAttempts.startedAt })
    .from(webhookAttempts)
    .where(
      and(
        eq(webhookAttempts.deliveryId, delivery.id),
        gt(webhookAttempts.number, delivery.attempts - delivery.scheduleAttempts),
      ),
    )
    .orderBy(asc(webhookAttempts.number))
    .limit(1);
  const [endpoint] = await tx
    .select({ failingSince: webhookEndpoints.failingSince })
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.id, delivery.endpointId));
  if (!first || !endpoint?.failingSince) return null;
  return endpoint.failingSince <= first.startedAt ? 'failing' : null;
}

async function tellOthers(
  tx: Db,
  endpoint: WebhookEndpoint,
  { reason, at }: { reason: PauseReason; at: Date },
): Promise<DueDelivery[]> {
  const payload = toPausedPayload(endpoint, reason, at);
  const listening = (await listOtherEndpoints(tx, endpoint)).filter(({ events }) =>
    wantsType(events, payload.type),
  );
  const due: DueDelivery[] = [];
  for (const { id } of listening) due.push(await insertDelivery(tx, id, payload));
  return due;
}

/** This very attempt: another one has counted on. */
function isAttempt(
  { id, attempts }: WebhookDelivery,
  statuses: readonly WebhookDeliveryStatus[] = ['pending'],
) {
  return and(
    eq(webhookDeliveries.id, id),
    eq(webhookDeliveries.attempts, attempts),
    inArray(webhookDeliveries.status, [...statuses]),
  );
}

/** Takes deliveries that are due and not trusted to the queue, longest due first, so that they can be given jobs. */
export async function takeDue(db: Db, { limit }: { limit: number }): Promise<DueDelivery[]> {
  const due = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.status, 'pending'),
        lte(webhookDeliveries.nextAttemptAt, sql`now()`),
        or(isNull(webhookDeliveries.queuedUntil), lt(webhookDeliveries.queuedUntil, sql`now()`)),
      ),
    )
    .orderBy(asc(webhookDeliveries.nextAttemptAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  return db
    .update(webhookDeliveries)
    .set({ queuedUntil: queuedUntil() })
    .where(inArray(webhookDeliveries.id, due))
    .returning(DUE_COLUMNS);
}

/** A delivery with each of its attempts, first to last. */
export type LoggedDelivery = { id: string; delivery: WebhookDelivery; log: readonly WebhookAttempt[] };

/** Newest first, with every attempt; `before` is the last id of the previous page. */
export async function listDeliveries(
  db: Db,
  {
    endpointId,
    status,
    before,
    limit,
  }: { endpointId: string; status?: WebhookDeliveryStatus; before: string | null; limit: number },
): Promise<LoggedDelivery[]> {
  const deliveries = await db
    .select()
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.endpointId, endpointId),
        status && eq(webhookDeliveries.status, status),
        before === null ? undefined : lt(webhookDeliveries.id, before),
      ),
    )
    .orderBy(desc(webhookDeliveries.id))
    .limit(limit);
  if (deliveries.length === 0) return [];
  const ids = deliveries.map(({ id }) => id);
  const attempts = await db
    .select()
    .from(webhookAttempts)
    .where(inArray(webhookAttempts.deliveryId, ids))
    .orderBy(asc(webhookAttempts.number));
  const logs = Map.groupBy(attempts, ({ deliveryId }) => deliveryId);
  return deliveries.map((delivery) => ({ id: delivery.id, delivery, log: logs.get(delivery.id) ?? [] }));
}

/** Removes deliveries that ended before a time, with their logs; returns how many. */
export async function pruneDeliveries(
  db: Db,
  { before, limit }: { before: Date; limit: number },
): Promise<number> {
  const old = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(
      and(
        inArray(webhookDeliveries.status, ['delivered', 'failed']),
        lt(webhookDeliveries.updatedAt, before),
      ),
    )
    .limit(limit)
    .for('update', { skipLocked: true });
  const rows = await db
    .delete(webhookDeliveries)
    .where(inArray(webhookDeliveries.id, old))
    .returning({ id: webhookDeliveries.id });
  return rows.length;
}
