import type { MailQueue } from '../../lib/queue/mail-queue.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';

/** Knows how full the queue is, without asking it at each request. */
export type QueueWatch = {
  /** False while more jobs wait than may. A queue that cannot be asked has room: messages then wait in the database. */
  hasRoom(): boolean;
  stop(): void;
};

const ASK_EVERY_MS = 1000;

export function startQueueWatch({
  queue,
  metrics,
  maxDepth,
}: {
  queue: MailQueue;
  metrics: Metrics;
  maxDepth: number;
}): QueueWatch {
  let isFull = false;
  let isAsking = false;
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      const { waiting } = await queue.depth();
      isFull = waiting >= maxDepth;
      metrics.queueReachable.record(1);
    } catch {
      isFull = false;
      metrics.queueReachable.record(0);
    }
    isAsking = false;
  };
  const timer = setInterval(() => void ask(), ASK_EVERY_MS);
  timer.unref();
  return { hasRoom: () => !isFull, stop: () => clearInterval(timer) };
}
