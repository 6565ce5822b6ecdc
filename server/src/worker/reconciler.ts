import type { Database } from '../lib/db/database.ts';
import { listUnfinished, type UnfinishedCursor } from '../lib/db/deliveries.ts';
import type { Message } from '../lib/db/messages.ts';
import type { MailQueue, NewMailJob } from '../lib/queue/mail-queue.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { continueTrace, toTraceparent } from '../lib/telemetry/trace-context.ts';

export type ReconcilerOptions = { database: Database; queue: MailQueue; logger: Logger; metrics: Metrics };

/** Long enough for an honest enqueue to have arrived, short enough for nobody to wait. */
const IDLE_MS = 5000;
const INTERVAL_MS = 5000;
const BATCH = 500;
/** A turn ends after this many batches; the next goes on from there, so that a backlog hides nothing behind it. */
const BATCHES_PER_TURN = 10;

/**
 * Gives every unfinished message behind the cursor a job, as far as a turn reaches. Adding one that still has its job
 * changes nothing, because the job's id is the message's.
 *
 * @returns where the next turn goes on; null to begin again
 */
export async function reconcileOnce(
  { database, queue, metrics }: ReconcilerOptions,
  from: UnfinishedCursor | null,
): Promise<UnfinishedCursor | null> {
  let cursor = from;
  for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
    const unfinished = await listUnfinished(database.db, { idleMs: IDLE_MS, after: cursor, limit: BATCH });
    if (unfinished.length > 0) await queue.add(unfinished.map(toJob));
    metrics.reconciled.add(unfinished.length);
    cursor = unfinished.at(-1) ?? null;
    if (unfinished.length < BATCH) return null;
  }
  return cursor;
}

function toJob({ id, traceId, priority }: Pick<Message, 'id' | 'traceId' | 'priority'>): NewMailJob {
  return {
    messageId: id,
    priority,
    traceparent: toTraceparent(continueTrace({ traceId, spanId: '', isSampled: false })),
  };
}

/** Runs {@link reconcileOnce} until stopped; a failure is logged and tried again at the next turn. */
export function startReconciler(options: ReconcilerOptions): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let cursor: UnfinishedCursor | null = null;
  const turn = async () => {
    try {
      cursor = await reconcileOnce(options, cursor);
    } catch (error) {
      options.logger.warn({ err: error }, 'could not look for messages without a job');
    }
  };
  const timer = setInterval(() => {
    running = turn();
  }, INTERVAL_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
