import type { Database } from '../lib/db/database.ts';
import {
  listUnfinished,
  promoteDue,
  type UnfinishedCursor,
  type UnfinishedMessage,
  untilNextDueMs,
} from '../lib/db/deliveries-unfinished.ts';
import { holdLease, releaseLease } from '../lib/db/leases.ts';
import type { MailQueue, NewMailJob } from '../lib/queue/mail-queue.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { toTraceparent } from '../lib/telemetry/trace-context.ts';
import { resumeOnce, type Tracer } from '../lib/telemetry/tracer.ts';
import { startLoop } from '../lib/loop.ts';
import { createServiceWatch } from './service-watch.ts';

export type ReconcilerOptions = {
  database: Database;
  queue: MailQueue;
  logger: Logger;
  metrics: Metrics;
  tracer: Tracer;
  /** True where somebody reads what is measured for all instances. */
  isMeasured: boolean;
  /** Who we are among the instances; random by default. */
  holder?: string;
};

type ReconcilerDeps = Pick<ReconcilerOptions, 'database' | 'queue' | 'metrics' | 'tracer'>;

/** Long enough for an honest enqueue to have arrived, short enough for nobody to wait. */
const IDLE_MS = 5000;

const BATCH = 500;
/** A turn ends after this many batches; the next goes on from there, so that a backlog hides nothing behind it. */
const BATCHES_PER_TURN = 10;

/** Between two turns: at once where jobs were missing, and longer and longer where all is well. */
const BUSY_PAUSE_MS = 100;
const FIRST_PAUSE_MS = 2500;
const MAX_PAUSE_MS = 10_000;

/** An instance that dies is replaced after this; it says so itself three times as often. */
const LEASE_TTL_MS = 6000;
const TICK_MS = 1000;

/** Scheduled messages that are made due together. */
const DUE_BATCH = 500;

export type Turn = {
  /** Where the next turn goes on; null to begin again. */
  cursor: UnfinishedCursor | null;
  /** How many had no job and were given one. */
  requeued: number;
};

/**
 * Gives every unfinished message behind the cursor that has no job one, as far as a turn reaches. The queue is asked in bulk
 * which of them are alive, so that an honest backlog costs a look and nothing else.
 */
export async function reconcileOnce(
  { database, queue, metrics, tracer }: ReconcilerDeps,
  from: UnfinishedCursor | null,
): Promise<Turn> {
  let cursor = from;
  let requeued = 0;
  for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
    const unfinished = await listUnfinished(database, { idleMs: IDLE_MS, after: cursor, limit: BATCH });
    const missing = await findMissing(queue, unfinished);
    if (missing.length > 0) await queue.add(missing.map((found) => toJob(tracer, 'mail.requeue', found)));
    metrics.reconcilerChecked.add(unfinished.length);
    metrics.reconcilerRequeued.add(missing.length);
    requeued += missing.length;
    cursor = unfinished.at(-1) ?? null;
    if (unfinished.length < BATCH) return { cursor: null, requeued };
  }
  return { cursor, requeued };
}

async function findMissing(
  queue: MailQueue,
  unfinished: readonly UnfinishedMessage[],
): Promise<UnfinishedMessage[]> {
  if (unfinished.length === 0) return [];
  const alive = await queue.findAlive(unfinished.map(({ id, priority }) => ({ messageId: id, priority })));
  return unfinished.filter(({ id }) => !alive.has(id));
}

type Enqueueable = Pick<UnfinishedMessage, 'id' | 'traceId' | 'priority'> & { delayMs?: number };

function toJob(tracer: Tracer, why: string, { id, traceId, priority, delayMs = 0 }: Enqueueable): NewMailJob {
  return {
    messageId: id,
    priority,
    delayMs: Math.round(delayMs),
    traceparent: toTraceparent(resumeOnce(tracer, why, traceId)),
  };
}

/**
 * Makes whatever is due `queued` and gives it a job. What the queue does not take now is found later like any other message
 * without a job.
 *
 * @returns how long until the next one is due; null where none is scheduled
 */
export async function promoteOnce({
  database,
  queue,
  metrics,
  tracer,
}: ReconcilerDeps): Promise<number | null> {
  const promoted = await promoteDue(database, { limit: DUE_BATCH });
  metrics.reconcilerPromoted.add(promoted.length);
  if (promoted.length > 0) await queue.add(promoted.map((due) => toJob(tracer, 'mail.due', due)));
  return promoted.length === DUE_BATCH ? 0 : untilNextDueMs(database);
}

/**
 * Looks after messages that the queue does not know: those that have lost their job, and those whose time has come. One
 * instance at a time does it for all, the one that holds the lease.
 */
export function startReconciler(options: ReconcilerOptions): { stop(): Promise<void> } {
  const { database, logger } = options;
  const lease = { name: 'reconciler', holder: options.holder ?? Bun.randomUUIDv7() };
  let isOurs = false;

  const tick = async (): Promise<number> => {
    isOurs = await holdLease(database, lease, LEASE_TTL_MS);
    if (!isOurs) return TICK_MS;
    const nextMs = await promoteOnce(options);
    return Math.min(nextMs ?? TICK_MS, TICK_MS);
  };

  const sweep = createSweep(options, () => isOurs);
  const watch = createServiceWatch(options, () => isOurs);
  const onError = (what: string) => (error: unknown) => logger.warn({ err: error }, what);
  const loops = [
    startLoop(tick, { retryMs: TICK_MS, onError: onError('could not look for scheduled messages') }),
    startLoop(sweep, {
      retryMs: FIRST_PAUSE_MS,
      onError: onError('could not look for messages without a job'),
    }),
    ...(options.isMeasured
      ? [startLoop(watch, { retryMs: TICK_MS, onError: onError('could not measure the service') })]
      : []),
  ];
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      options.metrics.service.forget();
      if (!isOurs) return;
      try {
        await releaseLease(database, lease);
      } catch (error) {
        logger.debug({ err: error }, 'the lease of the reconciler could not be given back and will end');
      }
    },
  };
}

/** One turn at a time, with the pause that follows from what it found. */
function createSweep(options: ReconcilerOptions, isOurs: () => boolean): () => Promise<number> {
  let cursor: UnfinishedCursor | null = null;
  let pauseMs = FIRST_PAUSE_MS;
  return async () => {
    if (!isOurs()) {
      cursor = null;
      return TICK_MS;
    }
    const turn = await reconcileOnce(options, cursor);
    cursor = turn.cursor;
    if (turn.requeued > 0) pauseMs = FIRST_PAUSE_MS;
    else if (cursor === null) pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
    return turn.requeued > 0 && cursor !== null ? BUSY_PAUSE_MS : pauseMs;
  };
}
