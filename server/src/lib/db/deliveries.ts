import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import { messageEvents, messageRecipients, messages } from '../../db/schema.ts';
import type { AttemptOutcome } from '../messages/outcome.ts';
import { type MessageStatus, UNFINISHED_STATUSES } from '../messages/status.ts';
import { toStorableText } from '../messages/storable-text.ts';
import type { Database, Db } from './database.ts';
import { listRecipients, type Message, type Recipient } from './messages.ts';

/** The right to work on one message until the lease ends; every write of a worker is conditional on it. */
export type Lease = { messageId: string; token: string };

export type ClaimResult =
  | { kind: 'claimed'; lease: Lease; message: Message; recipients: Recipient[] }
  /** Another worker holds it: look again then. */
  | { kind: 'leased'; forMs: number }
  | { kind: 'ended'; status: MessageStatus }
  | { kind: 'missing' };

export type RenderedFacts = { subject: string; engineVersion: string | null; renderHash: string };

/** The lease ended before the work did: another worker may have the message, so nothing more may be written. */
export class LeaseLostError extends Error {
  constructor(readonly messageId: string) {
    super(`the lease on message ${messageId} was lost`);
    this.name = 'LeaseLostError';
  }
}

const leaseUntil = (leaseMs: number) => sql`now() + make_interval(secs => ${leaseMs / 1000})`;
const isLeaseOver = lt(messages.leaseUntil, sql`now()`);
/** Whoever held it died before bytes left, so that trying again duplicates nothing. */
const isAbandoned = and(eq(messages.status, 'sending'), isLeaseOver, isNull(messages.handedOverAt));
/** Whoever held it died between the hand-over and the answer: it may have been delivered. */
const isCutOff = and(eq(messages.status, 'sending'), isLeaseOver, isNotNull(messages.handedOverAt));

/** Takes a message for one attempt, or says why not. All times are the database's, so that hosts need not agree. */
export async function claimMessage(
  database: Database,
  { messageId, leaseMs }: { messageId: string; leaseMs: number },
): Promise<ClaimResult> {
  return database.transaction(async (tx) => {
    const token = Bun.randomUUIDv7();
    const [message] = await tx
      .update(messages)
      .set({
        status: 'sending',
        leaseToken: token,
        leaseUntil: leaseUntil(leaseMs),
        handedOverAt: null,
        attempts: sql`${messages.attempts} + 1`,
        updatedAt: sql`now()`,
      })
      .where(and(eq(messages.id, messageId), or(eq(messages.status, 'queued'), isAbandoned)))
      .returning();
    if (!message) return explainRefusal(tx, messageId);
    await tx
      .update(messageRecipients)
      .set({ status: 'sending' })
      .where(and(eq(messageRecipients.messageId, messageId), eq(messageRecipients.status, 'queued')));
    await appendEvent(tx, message, { type: 'attempted' });
    return {
      kind: 'claimed',
      lease: { messageId, token },
      message,
      recipients: await listRecipients(tx, messageId),
    };
  });
}

async function explainRefusal(tx: Db, messageId: string): Promise<ClaimResult> {
  if (await markCutOff(tx, messageId)) return { kind: 'ended', status: 'unknown' };
  const [row] = await tx
    .select({
      status: messages.status,
      leaseMs: sql<number>`(extract(epoch from ${messages.leaseUntil} - now()) * 1000)::int`,
    })
    .from(messages)
    .where(eq(messages.id, messageId));
  if (!row) return { kind: 'missing' };
  if (row.status === 'sending') return { kind: 'leased', forMs: Math.max(row.leaseMs, 0) };
  return { kind: 'ended', status: row.status };
}

/** A lost answer is `unknown`: a provider event or an operator resolves it, a blind retry never does. */
async function markCutOff(tx: Db, messageId: string): Promise<boolean> {
  const [message] = await tx
    .update(messages)
    .set({ status: 'unknown', leaseToken: null, leaseUntil: null, updatedAt: sql`now()` })
    .where(and(eq(messages.id, messageId), isCutOff))
    .returning();
  if (!message) return false;
  await tx
    .update(messageRecipients)
    .set({ status: 'unknown' })
    .where(and(eq(messageRecipients.messageId, messageId), eq(messageRecipients.status, 'sending')));
  await appendEvent(tx, message, {
    type: 'unknown',
    detail: 'The worker ended between the hand-over to the provider and its answer',
  });
  return true;
}

/**
 * Commits that bytes are about to leave, with what they were rendered from.
 *
 * @throws LeaseLostError where the message is no longer ours, so that nothing is handed over
 */
export async function checkpointHandOver(
  database: Database,
  {
    lease,
    provider,
    rendered,
    detail = null,
  }: { lease: Lease; provider: string; rendered: RenderedFacts; detail?: string | null },
): Promise<void> {
  await database.transaction(async (tx) => {
    const message = await updateLeased(tx, lease, { ...rendered, provider, handedOverAt: sql`now()` });
    await appendEvent(tx, message, { type: 'rendered', detail });
    await appendEvent(tx, message, { type: 'handed_over', provider });
  });
}

/**
 * Writes what became of an attempt and gives the lease back.
 *
 * @throws LeaseLostError where the message is no longer ours
 */
export async function recordOutcome(
  database: Database,
  { lease, provider, outcome }: { lease: Lease; provider: string | null; outcome: AttemptOutcome },
): Promise<void> {
  await database.transaction(async (tx) => {
    const message = await updateLeased(tx, lease, {
      status: outcome.status,
      lastError: outcome.lastError === null ? null : toStorableText(outcome.lastError),
      ...(outcome.isRefunded ? { attempts: sql`${messages.attempts} - 1` } : {}),
      ...(outcome.providerMessageId === null ? {} : { providerMessageId: outcome.providerMessageId }),
      leaseToken: null,
      leaseUntil: null,
    });
    for (const { position, status, response } of outcome.recipients) {
      await tx
        .update(messageRecipients)
        .set({ status, response: response === null ? null : toStorableText(response) })
        .where(
          and(eq(messageRecipients.messageId, lease.messageId), eq(messageRecipients.position, position)),
        );
    }
    for (const event of outcome.events) {
      await appendEvent(tx, message, { ...event, detail: toStorableText(event.detail), provider });
    }
  });
}

async function updateLeased(
  tx: Db,
  lease: Lease,
  changes: PgUpdateSetSource<typeof messages>,
): Promise<Message> {
  const [message] = await tx
    .update(messages)
    .set({ ...changes, updatedAt: sql`now()` })
    .where(
      and(
        eq(messages.id, lease.messageId),
        eq(messages.leaseToken, lease.token),
        eq(messages.status, 'sending'),
      ),
    )
    .returning();
  if (!message) throw new LeaseLostError(lease.messageId);
  return message;
}

type EventFacts = Pick<typeof messageEvents.$inferInsert, 'type' | 'provider' | 'recipient' | 'detail'>;

async function appendEvent(tx: Db, message: Message, facts: EventFacts): Promise<void> {
  await tx
    .insert(messageEvents)
    .values({ messageId: message.id, clientId: message.clientId, attempt: message.attempts, ...facts });
}

/** Where a walk over unfinished messages stands. */
export type UnfinishedCursor = Pick<Message, 'id' | 'updatedAt'>;

/**
 * Messages that should have a live job but may have lost it: `queued` and untouched for `idleMs`, or `sending` with a
 * lease that ended that long ago. Oldest first, from behind the cursor.
 */
export async function listUnfinished(
  db: Db,
  { idleMs, after, limit }: { idleMs: number; after: UnfinishedCursor | null; limit: number },
): Promise<(UnfinishedCursor & Pick<Message, 'traceId' | 'priority'>)[]> {
  const before = sql`now() - make_interval(secs => ${idleMs / 1000})`;
  const isBehind =
    after &&
    or(
      gt(messages.updatedAt, after.updatedAt),
      and(eq(messages.updatedAt, after.updatedAt), gt(messages.id, after.id)),
    );
  return db
    .select({
      id: messages.id,
      traceId: messages.traceId,
      priority: messages.priority,
      updatedAt: messages.updatedAt,
    })
    .from(messages)
    .where(
      and(
        inArray(messages.status, [...UNFINISHED_STATUSES]),
        lt(messages.updatedAt, before),
        or(eq(messages.status, 'queued'), lt(messages.leaseUntil, before)),
        isBehind ?? undefined,
      ),
    )
    .orderBy(asc(messages.updatedAt), asc(messages.id))
    .limit(limit);
}

/** Ends every lease at once: for a process that knows itself to be the only worker, when it starts. */
export async function releaseAllLeases(db: Db): Promise<void> {
  await db
    .update(messages)
    .set({ leaseUntil: sql`now() - interval '1 second'` })
    .where(eq(messages.status, 'sending'));
}
