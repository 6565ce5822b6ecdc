import { createGroupCommit } from '../../lib/group-commit.ts';
import type { MailQueue, NewMailJob } from '../../lib/queue/mail-queue.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { enterEach, type Tracer } from '../../lib/telemetry/tracer.ts';
import { parseTraceparent } from '../../lib/telemetry/trace-context.ts';
import { settlesWithin } from '../../lib/time-limit.ts';

/** Gives accepted messages to the queue behind their callers' backs. */
export type Enqueuer = {
  /** Returns at once. What the queue does not take, or what is too much to hold, is left to the reconciler. */
  add(jobs: readonly NewMailJob[]): void;
  /** Waits a little for what is under way. */
  stop(): Promise<void>;
};

/** More than this wait only where the queue is hardly answering; then the reconciler is the shorter way. */
const MAX_JOBS = 10_000;
/** A queue that did not answer is left alone this long: each attempt could take seconds. */
const PAUSE_MS = 1000;
const STOP_TIMEOUT_MS = 2000;
const MAX_LISTS = 128;
/**
 * Under load the queue is told this often: thirty-two jobs together cost less than half as much each as eight. A lone message
 * goes at once, and so does the one after it.
 */
const GAP_MS = 10;

export function createEnqueuer({
  queue,
  logger,
  metrics,
  tracer,
}: {
  queue: MailQueue;
  logger: Logger;
  metrics: Metrics;
  tracer: Tracer;
}): Enqueuer {
  let held = 0;
  let pausedUntil = 0;
  const pending = new Set<Promise<void>>();

  const leave = (jobs: readonly NewMailJob[], error?: unknown) => {
    metrics.enqueueFailed.add(jobs.length);
    // Message ids and traces are in the rows: one line a batch tells enough of an outage.
    logger.warn(
      {
        ...(error === undefined ? {} : { err: error }),
        count: jobs.length,
        message_id: jobs[0]?.messageId,
        trace_id: parseTraceparent(jobs[0]?.traceparent)?.traceId,
      },
      'accepted, but not enqueued yet: the reconciler will',
    );
  };

  const flush = async (lists: readonly (readonly NewMailJob[])[]) => {
    const jobs = lists.flat();
    const startedAt = performance.now();
    const endSpans = enterEach(tracer, 'mail.enqueue', jobs);
    try {
      await queue.add(jobs);
      endSpans();
    } catch (error) {
      pausedUntil = performance.now() + PAUSE_MS;
      endSpans('queue_unreachable');
      leave(jobs, error);
    }
    held -= jobs.length;
    const gapMs = jobs.length > 1 ? GAP_MS : 0;
    const leftMs = gapMs - (performance.now() - startedAt);
    if (leftMs > 0) await Bun.sleep(leftMs);
    return lists.map(() => ({ ok: true, value: undefined }) as const);
  };
  const group = createGroupCommit<readonly NewMailJob[], void>({
    flush,
    // Nobody waits for it: one at a time makes larger batches, which cost the queue and us less.
    slots: 1,
    maxItems: MAX_LISTS,
  });

  const track = async (jobs: readonly NewMailJob[]) => {
    const adding = group.add(jobs);
    pending.add(adding);
    await adding;
    pending.delete(adding);
  };

  return {
    add(jobs) {
      if (jobs.length === 0) return;
      if (held + jobs.length > MAX_JOBS || performance.now() < pausedUntil) return leave(jobs);
      held += jobs.length;
      void track(jobs);
    },
    async stop() {
      await settlesWithin(STOP_TIMEOUT_MS, Promise.all(pending));
    },
  };
}
