import { and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import { breakerChanges } from '../../db/schema.ts';
import { lowestIdAt } from '../messages/message-id.ts';
import { toStorableText } from '../messages/storable-text.ts';
import type { Database, Db } from './database.ts';

export type BreakerRecord = typeof breakerChanges.$inferSelect;
export type BreakerRecordKind = BreakerRecord['kind'];
export type NewBreakerRecord = Pick<BreakerRecord, 'provider' | 'kind' | 'reason' | 'worker'>;

/** Any fixed number: whoever writes waits for whoever is writing, so that two do not write the same. */
const WRITING = 7_246_246;

/**
 * For so long the word of one worker stands for what the others find out as well: they lose a provider, and get it back, within seconds of
 * one another. In an outage each probes about once a minute, of which one each few minutes tells as much.
 */
const STANDS_FOR_S: Readonly<Record<BreakerRecordKind, number>> = {
  opened: 60,
  closed: 60,
  half_open: 300,
  probe_failed: 300,
};

/** Keeps a change of a breaker; false where an earlier record stands for it. */
export async function recordBreakerChange(
  database: Database,
  { provider, kind, reason, worker }: NewBreakerRecord,
  nowMs = Date.now(),
): Promise<boolean> {
  return database.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${WRITING}::int)`);
    if (await isStoodFor(tx, { provider, kind, nowMs })) return false;
    await tx.insert(breakerChanges).values({
      id: Bun.randomUUIDv7('hex', nowMs),
      provider,
      kind,
      worker,
      reason: toStorableText(reason),
      createdAt: new Date(nowMs),
    });
    return true;
  });
}

/** True where the same was found a short time ago, and neither an outage nor its end has come since. */
async function isStoodFor(
  tx: Db,
  { provider, kind, nowMs }: { provider: string; kind: BreakerRecordKind; nowMs: number },
): Promise<boolean> {
  const recent = await tx
    .select({ kind: breakerChanges.kind })
    .from(breakerChanges)
    .where(
      and(
        eq(breakerChanges.provider, provider),
        gte(breakerChanges.id, lowestIdAt(nowMs - STANDS_FOR_S[kind] * 1000)),
      ),
    )
    .orderBy(desc(breakerChanges.id));
  const telling = recent.find((row) => row.kind === kind || row.kind === 'opened' || row.kind === 'closed');
  return telling?.kind === kind;
}

export type BreakerListing = {
  provider: string;
  since?: Date;
  until?: Date;
  /** The last id of the page before. */
  before: string | null;
  limit: number;
};

/** Newest first. */
export async function listBreakerChanges(
  db: Db,
  { provider, since, until, before, limit }: BreakerListing,
): Promise<BreakerRecord[]> {
  return db
    .select()
    .from(breakerChanges)
    .where(
      and(
        eq(breakerChanges.provider, provider),
        before === null ? undefined : lt(breakerChanges.id, before),
        since && gte(breakerChanges.id, lowestIdAt(since.getTime())),
        until && lt(breakerChanges.id, lowestIdAt(until.getTime())),
      ),
    )
    .orderBy(desc(breakerChanges.id))
    .limit(limit);
}

/** Removes what is older than a time; how many there were. */
export async function pruneBreakerChanges(db: Db, before: Date): Promise<number> {
  const removed = await db
    .delete(breakerChanges)
    .where(lt(breakerChanges.id, lowestIdAt(before.getTime())))
    .returning({ id: breakerChanges.id });
  return removed.length;
}
