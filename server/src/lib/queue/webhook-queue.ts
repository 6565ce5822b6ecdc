import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  Queue,
  Worker,
} from 'bullmq';
import type { RedisClient } from './redis.ts';
import type { PglitePool } from '../db/pglite-pool.ts';
import { rejectAfter, settlesWithin } from '../time-limit.ts';
import { RetryLater } from './mail-queue.ts';

/** One attempt to make. */
export type WebhookJob = { deliveryId: string; endpointId: string };

/** A delivery that is due; with another number of attempts it is another job. */
export type DueWebhook = { id: string; endpointId: string; attempts: number };

export type WebhookQueue = {
  /** Adds what is not there yet. Rejects within a second or two where the queue cannot be reached. */
  add(due: readonly DueWebhook[]): Promise<void>;
  close(): Promise<void>;
};

export type WebhookJobContext = {
  /** Fires when the process cannot wait any longer. */
  signal: AbortSignal;
  /** How often the job was put back already. */
  returns: number;
};

/** Throwing {@link RetryLater} brings the job back after a delay; whatever else is thrown is left to the delivery's row. */
export type WebhookHandler = (job: WebhookJob, context: WebhookJobContext) => Promise<void>;

export type WebhookWorkerOptions = {
  handler: WebhookHandler;
  concurrency: number;
  onError: (error: Error) => void;
};

/** Both ends of the lane that webhooks have for themselves: a slow receiver holds up no mail. */
export type WebhookQueueBackend = {
  readonly queue: WebhookQueue;
  startWorker(options: WebhookWorkerOptions): { stop(graceMs: number): Promise<void> };
};

const LANE = 'webhook';
/** The braces make every key of the queue hash to one slot of a Redis Cluster. */
const KEY_PREFIX = '{webhooks}';
const ANSWER_TIMEOUT_MS = 2500;
const CLOSE_TIMEOUT_MS = 2000;
const RECORD_TIMEOUT_MS = 5000;
const LOCK_MS = 30_000;
/** Waiting for a busy receiver's turn is no failure, however often. */
const UNLIMITED = 1_000_000;

type Wiring<B extends IQueueBackend, C> = { factory: BackendFactory<B, C>; producer: C; consumer: C };

/** The lane on Redis. `producer` should fail fast, `consumer` must wait for ever. */
export function createRedisWebhookQueue(connections: {
  producer: RedisClient;
  consumer: RedisClient;
}): WebhookQueueBackend {
  return createBackend({ factory: createRedisBackend, ...connections });
}

/** The lane in the embedded database. Jobs that a dead process had taken are left behind: their rows become due again. */
export function createEmbeddedWebhookQueue(pool: PglitePool): WebhookQueueBackend {
  return createBackend({ factory: createPostgresBackend, producer: pool, consumer: pool });
}

function createBackend<B extends IQueueBackend, C>(wiring: Wiring<B, C>): WebhookQueueBackend {
  const { factory, producer } = wiring;
  const queue = new Queue<WebhookJob, void, string, WebhookJob, void, string, B, C>(
    LANE,
    { connection: producer, prefix: KEY_PREFIX, defaultJobOptions },
    factory,
  );
  // Without a listener an unreachable queue would end the process; each call reports its own failure.
  queue.on('error', () => {});
  return {
    queue: {
      async add(due) {
        if (due.length > 0) await rejectAfter(ANSWER_TIMEOUT_MS, queue.addBulk(due.map(toEntry)));
      },
      async close() {
        await settlesWithin(CLOSE_TIMEOUT_MS, queue.close());
      },
    },
    startWorker: (options) => startWorker(wiring, options),
  };
}

function toEntry({ id, endpointId, attempts }: DueWebhook) {
  return {
    name: 'deliver',
    data: { deliveryId: id, endpointId },
    opts: { jobId: `${id}.${attempts}` },
  };
}

const defaultJobOptions = {
  attempts: UNLIMITED,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
};

function startWorker<B extends IQueueBackend, C>(
  { factory, consumer }: Wiring<B, C>,
  { handler, concurrency, onError }: WebhookWorkerOptions,
) {
  const abort = new AbortController();
  const underWay = new Set<Promise<void>>();
  const process = async ({ data, attemptsMade }: Pick<Job<WebhookJob>, 'data' | 'attemptsMade'>) => {
    try {
      await handler(data, { signal: abort.signal, returns: attemptsMade });
    } catch (error) {
      if (error instanceof RetryLater) throw error;
      // The row knows when it is due again; a second clock in the queue would only disagree.
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const worker = new Worker<WebhookJob, void, string, B, never, C>(
    LANE,
    async (job) => {
      const work = process(job);
      underWay.add(work);
      try {
        await work;
      } finally {
        underWay.delete(work);
      }
    },
    {
      connection: consumer,
      prefix: KEY_PREFIX,
      concurrency,
      lockDuration: LOCK_MS,
      maxStalledCount: UNLIMITED,
      settings: {
        backoffStrategy: (_attempts, _type, error) => (error instanceof RetryLater ? error.delayMs : 1000),
      },
    },
    factory,
  );
  worker.on('error', onError);
  return {
    async stop(graceMs: number) {
      const closed = worker.close();
      if (!(await settlesWithin(graceMs, Promise.allSettled(underWay)))) {
        abort.abort();
        await settlesWithin(RECORD_TIMEOUT_MS, Promise.allSettled(underWay));
      }
      // Without Redis closing waits for it in vain, and there is nothing left to lose.
      await settlesWithin(CLOSE_TIMEOUT_MS, closed);
    },
  };
}
