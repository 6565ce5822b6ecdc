import type { BlobStore } from '../lib/blobs/blob-store.ts';
import { pruneBreakerChanges } from '../lib/db/breaker-changes.ts';
import type { Database } from '../lib/db/database.ts';
import { holdLease, releaseLease } from '../lib/db/leases.ts';
import { pruneBatch, RETENTION_KINDS, type RetentionKind } from '../lib/db/retention.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import { startLoop } from '../lib/loop.ts';

export type RetentionOptions = {
  database: Database;
  blobs: BlobStore;
  logger: Logger;
  /** How long each kind is kept. */
  days: Readonly<Record<RetentionKind, number>>;
  now?: () => Date;
  /** Who we are among the instances; random by default. */
  holder?: string;
};

/** Small enough for a statement to be over before anybody notices its locks. */
const BATCH = 200;
const BATCHES_PER_TURN = 10;
const DAY_MS = 86_400_000;

const BUSY_PAUSE_MS = 500;
const IDLE_PAUSE_MS = 10 * 60_000;
const LEASE_TTL_MS = 60_000;
/** Who could not go the first time, because nobody knew yet what had become of it, is looked at again after this. */
const ROUND_MS = DAY_MS;

type Walk = { after: string | null; isDone: boolean };

/** Removes what has been kept long enough, a few messages at a time; one instance does it for all. */
export function startRetention(options: RetentionOptions): { stop(): Promise<void> } {
  const { database, logger, now = () => new Date() } = options;
  const lease = { name: 'retention', holder: options.holder ?? Bun.randomUUIDv7() };
  const walks = new Map<RetentionKind, Walk>();
  let startedAtMs = 0;
  let isOurs = false;
  let isStopped = false;

  const daysAgo = (kind: RetentionKind) => new Date(now().getTime() - options.days[kind] * DAY_MS);

  const turn = async (): Promise<number> => {
    isOurs = await holdLease(database, lease, LEASE_TTL_MS);
    if (!isOurs) return LEASE_TTL_MS;
    if (now().getTime() - startedAtMs >= ROUND_MS) {
      startedAtMs = now().getTime();
      walks.clear();
      await pruneBreakerChanges(database.db, daysAgo('events'));
    }
    for (const kind of RETENTION_KINDS) await pruneSome(kind);
    const isDone = RETENTION_KINDS.every((kind) => walks.get(kind)?.isDone);
    // Given back rather than kept through a long pause: whoever looks next may.
    if (isDone) await releaseLease(database, lease);
    return isDone ? IDLE_PAUSE_MS : BUSY_PAUSE_MS;
  };

  const pruneSome = async (kind: RetentionKind): Promise<void> => {
    const before = daysAgo(kind);
    let after = walks.get(kind)?.after ?? null;
    let removed = 0;
    let isDone = false;
    for (let batch = 0; batch < BATCHES_PER_TURN && !isDone && !isStopped; batch++) {
      const result = await pruneBatch(options, { kind, before, after, limit: BATCH });
      removed += result.removed;
      after = result.next ?? after;
      isDone = result.next === null;
    }
    walks.set(kind, { after, isDone });
    if (removed > 0) logger.info({ kind, removed }, 'what was kept long enough was removed');
  };

  const loop = startLoop(turn, {
    retryMs: LEASE_TTL_MS,
    onError: (error) => logger.warn({ err: error }, 'could not remove what was kept long enough'),
  });
  return {
    async stop() {
      isStopped = true;
      await loop.stop();
      if (!isOurs) return;
      try {
        await releaseLease(database, lease);
      } catch (error) {
        logger.debug({ err: error }, 'the lease of the retention could not be given back and will end');
      }
    },
  };
}
