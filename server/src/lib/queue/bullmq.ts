import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  Queue,
  Worker,
} from 'bullmq';
import type { Redis } from 'ioredis';
import type { PglitePool } from '../db/pglite-pool.ts';
import { continueTrace, parseTraceparent } from '../telemetry/trace-context.ts';
import { rejectAfter, settlesWithin } from '../time-limit.ts';
import {
  type MailJob,
  type MailQueue,
  type MailWorker,
  type MailWorkerOptions,
  type QueueBackend,
  RetryLater,
} from './mail-queue.ts';

const QUEUE_NAME = 'mail';

/** The braces make every key of the queue hash to one slot of a Redis Cluster. */
const KEY_PREFIX = '{mailer}';

/**
 * The message row counts attempts and decides when to give up; the queue must never give up by itself, because then
 * nothing would bring the message back but the reconciler.
 */
const UNLIMITED = 1_000_000;

/** A job whose worker died is noticed after its lock ended, by the next check. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;

/** After an error nobody expected (the database is away, say) the job waits this long at first, a minute at most. */
const UNEXPECTED_BASE_MS = 1000;
const UNEXPECTED_MAX_MS = 60_000;

/** A job that is added later than this is as well left to the reconciler. */
const ADD_TIMEOUT_MS = 2500;

/** Without Redis closing waits for it in vain; what is lost by not waiting is found by the next worker. */
const CLOSE_TIMEOUT_MS = 2000;

/** Time for attempts that were aborted to record what became of them. */
const RECORD_TIMEOUT_MS = 5000;

/** Below this many jobs single adds are faster on the embedded database: a bulk add has a fixed cost of 5 ms there. */
const EMBEDDED_BULK_FROM = 15;

type Wiring<B extends IQueueBackend, C> = {
  factory: BackendFactory<B, C>;
  producer: C;
  consumer: C;
  ping: () => Promise<unknown>;
  bulkFrom: number;
};

/** The queue on Redis. `producer` should fail fast, `consumer` must wait for ever (`maxRetriesPerRequest: null`). */
export function createRedisQueue({ producer, consumer }: { producer: Redis; consumer: Redis }): QueueBackend {
  return createBackend({
    factory: createRedisBackend,
    producer,
    consumer,
    ping: () => producer.ping(),
    bulkFrom: 2,
  });
}

/**
 * The queue inside the embedded database. There is no other worker, so whatever is `active` now belonged to a process that
 * died: it is put back at once instead of after its lock has ended.
 */
export async function createEmbeddedQueue(pool: PglitePool): Promise<QueueBackend> {
  const orphans = new Queue(QUEUE_NAME, { connection: pool }, createPostgresBackend);
  for (const job of await orphans.getActive()) await job.moveToWait('0');
  await orphans.close();
  return createBackend({
    factory: createPostgresBackend,
    producer: pool,
    consumer: pool,
    ping: () => pool.query('select 1'),
    bulkFrom: EMBEDDED_BULK_FROM,
  });
}

function createBackend<B extends IQueueBackend, C>(wiring: Wiring<B, C>): QueueBackend {
  return {
    queue: createQueue(wiring),
    startWorker: (options) => startWorker(wiring, options),
  };
}

function createQueue<B extends IQueueBackend, C>({
  factory,
  producer,
  ping,
  bulkFrom,
}: Wiring<B, C>): MailQueue {
  const queue = new Queue<MailJob, void, string, MailJob, void, string, B, C>(
    QUEUE_NAME,
    { connection: producer, prefix: KEY_PREFIX, defaultJobOptions },
    factory,
  );
  // Without a listener an unreachable queue would end the process; each `add` reports its own failure.
  queue.on('error', () => {});
  const add = async (jobs: readonly MailJob[]) => {
    if (jobs.length >= bulkFrom) {
      await queue.addBulk(jobs.map((data) => ({ name: 'deliver', data, opts: { jobId: data.messageId } })));
      return;
    }
    for (const data of jobs) await queue.add('deliver', data, { jobId: data.messageId });
  };
  return {
    // BullMQ waits for its first connection without end; whoever adds must not.
    add: (jobs) => rejectAfter(ADD_TIMEOUT_MS, add(jobs)),
    async ping() {
      await ping();
    },
    async close() {
      await settlesWithin(CLOSE_TIMEOUT_MS, queue.close());
    },
  };
}

const defaultJobOptions = {
  attempts: UNLIMITED,
  backoff: { type: 'custom' },
  // A finished job that stays would swallow the next one with its id; the message row is the history.
  removeOnComplete: true,
  removeOnFail: true,
};

function startWorker<B extends IQueueBackend, C>(
  { factory, consumer }: Wiring<B, C>,
  { handler, concurrency, onError }: MailWorkerOptions,
): MailWorker {
  const abort = new AbortController();
  const process = async ({ data }: Pick<Job<MailJob>, 'data'>) =>
    handler(data, { trace: continueTrace(parseTraceparent(data.traceparent)), signal: abort.signal });
  const worker = new Worker<MailJob, void, string, B, never, C>(
    QUEUE_NAME,
    process,
    {
      connection: consumer,
      prefix: KEY_PREFIX,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: UNLIMITED,
      settings: { backoffStrategy: (attemptsMade, _type, error) => retryDelayMs(attemptsMade, error) },
    },
    factory,
  );
  worker.on('error', (error) => onError(error));
  worker.on('failed', (job, error) => {
    if (!(error instanceof RetryLater)) onError(error, job?.data);
  });
  let stopping: Promise<void> | null = null;
  return {
    stop(graceMs) {
      stopping ??= stopWorker({ close: () => worker.close(), abort, graceMs });
      return stopping;
    },
  };
}

function retryDelayMs(attemptsMade: number, error: Error | undefined): number {
  if (error instanceof RetryLater) return error.delayMs;
  return Math.min(UNEXPECTED_BASE_MS * 2 ** Math.min(attemptsMade - 1, 10), UNEXPECTED_MAX_MS);
}

type Stopping = { close: () => Promise<void>; abort: AbortController; graceMs: number };

async function stopWorker({ close, abort, graceMs }: Stopping): Promise<void> {
  const closed = close();
  if (await settlesWithin(graceMs, closed)) return;
  abort.abort();
  await settlesWithin(RECORD_TIMEOUT_MS, closed);
}
