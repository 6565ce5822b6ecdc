import type { Database } from '../lib/db/database.ts';
import { listUnfinished } from '../lib/db/deliveries.ts';
import type { MailQueue } from '../lib/queue/mail-queue.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { continueTrace, toTraceparent } from '../lib/telemetry/trace-context.ts';

export type ReconcilerOptions = { database: Database; queue: MailQueue; logger: Logger; metrics: Metrics };

/** Long enough for an honest enqueue to have arrived, short enough for nobody to wait. */
const IDLE_MS = 5000;
const INTERVAL_MS = 5000;
const BATCH = 500;

/**
 * Gives every unfinished message a job. Adding one that still has its job changes nothing, because the job's id is
 * the message's.
 *
 * @returns how many messages were looked at
 */
export async function reconcileOnce({ database, queue, metrics }: ReconcilerOptions): Promise<number> {
  const unfinished = await listUnfinished(database.db, { idleMs: IDLE_MS, limit: BATCH });
  if (unfinished.length === 0) return 0;
  await queue.add(
    unfinished.map(({ id, traceId }) => ({
      messageId: id,
      traceparent: toTraceparent(continueTrace({ traceId, spanId: '', isSampled: false })),
    })),
  );
  metrics.reconciled.add(unfinished.length);
  return unfinished.length;
}

/** Runs {@link reconcileOnce} until stopped; a failure is logged and tried again at the next turn. */
export function startReconciler(options: ReconcilerOptions): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  const turn = async () => {
    try {
      await reconcileOnce(options);
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
