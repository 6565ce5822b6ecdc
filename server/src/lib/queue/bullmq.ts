import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  type JobType,
  Queue,
  Worker,
} from 'bullmq';
import type { RedisClient } from './redis.ts';
import type { PglitePool } from '../db/pglite-pool.ts';
import { rejectAfter, settlesWithin } from '../time-limit.ts';
import {
  type MailJob,
  type MailQueue,
  type MailWorker,
  type MailWorkerOptions,
  type NewMailJob,
  type QueueBackend,
  RetryLater,
} from './mail-queue.ts';

/**
 * Mail of high priority has a queue and a share of each worker of its own: a backlog of the rest cannot delay it, and the rest keeps
 * the cheap first-in-first-out list of jobs without a priority.
 */
const LANES = { high: 'mail-high', normal: 'mail', low: 'mail' } as const;
type Lane = (typeof LANES)[keyof typeof LANES];
const LANE_NAMES: readonly Lane[] = ['mail-high', 'mail'];

/** BullMQ takes jobs without a priority first. */
const LOW_PRIORITY = 10;

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

/** The longest sleep of a worker that knows of no job to come. */
const DRAIN_DELAY_S = 1;

/** After an error nobody expected (the database is away, say) the job waits this long at first, a minute at most. */
const UNEXPECTED_BASE_MS = 1000;
const UNEXPECTED_MAX_MS = 60_000;

/** Of a paused queue the embedded backend counts waiting jobs as `paused`, which the types do not know. */
const COUNTED = ['waiting', 'paused', 'prioritized', 'delayed', 'active'] as JobType[];

/** Whoever asks the queue for something waits no longer than this; a job not added by then is left to the reconciler. */
const ANSWER_TIMEOUT_MS = 2500;

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
  /** Of these job ids, those that the lane has a job for. */
  findIds: (lane: Lane, ids: readonly string[]) => Promise<readonly string[]>;
  bulkFrom: number;
};

/** The queue on Redis. `producer` should fail fast, `consumer` must wait for ever (`maxRetriesPerRequest: null`). */
export function createRedisQueue({
  producer,
  consumer,
}: {
  producer: RedisClient;
  consumer: RedisClient;
}): QueueBackend {
  return createBackend({
    factory: createRedisBackend,
    producer,
    consumer,
    ping: () => producer.ping(),
    findIds: (lane, ids) => findRedisIds(producer, lane, ids),
    bulkFrom: 2,
  });
}

/** A job exists exactly as long as its hash, because jobs that ended are removed. */
async function findRedisIds(redis: RedisClient, lane: Lane, ids: readonly string[]): Promise<string[]> {
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.exists(`${KEY_PREFIX}:${lane}:${id}`);
  const answers = (await pipeline.exec()) ?? [];
  return ids.filter((_id, index) => {
    const [error, exists] = answers[index] ?? [new Error('the pipeline gave no answer')];
    if (error) throw error;
    return exists === 1;
  });
}

/**
 * The queue inside the embedded database. There is no other worker, so whatever is `active` now belonged to a process that
 * died: it is put back at once instead of after its lock has ended.
 */
export async function createEmbeddedQueue(pool: PglitePool): Promise<QueueBackend> {
  for (const lane of LANE_NAMES) {
    const orphans = new Queue(lane, { connection: pool }, createPostgresBackend);
    for (const job of await orphans.getActive()) await job.moveToWait('0');
    await orphans.close();
  }
  return createBackend({
    factory: createWakefulBackend,
    producer: pool,
    consumer: pool,
    ping: () => pool.query('select 1'),
    async findIds(lane, ids) {
      const { rows } = await pool.query<{ id: string }>(
        'select id from bullmq.job where queue = $1 and id = any($2)',
        [lane, ids],
      );
      return rows.map(({ id }) => id);
    },
    bulkFrom: EMBEDDED_BULK_FROM,
  });
}

/**
 * A worker that is asleep until the next delayed job does not hear of one that was put back to come sooner, and sleeps on for up to ten
 * seconds: here it looks every second.
 */
const createWakefulBackend: typeof createPostgresBackend = (...args) => {
  const backend = createPostgresBackend(...args);
  Object.defineProperty(backend, 'maximumBlockTimeout', { value: 1 });
  return backend;
};

function createBackend<B extends IQueueBackend, C>(wiring: Wiring<B, C>): QueueBackend {
  return {
    queue: createQueue(wiring),
    startWorker: (options) => startWorker(wiring, options),
  };
}

function createQueue<B extends IQueueBackend, C>(wiring: Wiring<B, C>): MailQueue {
  const { ping, findIds, bulkFrom } = wiring;
  const queues = new Map(LANE_NAMES.map((lane) => [lane, createLane(wiring, lane)]));
  const add = async (lane: Lane, jobs: readonly NewMailJob[]) => {
    const queue = queues.get(lane);
    if (!queue || jobs.length === 0) return;
    const entries = jobs.map(toEntry);
    if (jobs.length >= bulkFrom) await queue.addBulk(entries);
    else for (const { name, data, opts } of entries) await queue.add(name, data, opts);
  };
  const ofAll = <T>(ask: (queue: ReturnType<typeof createLane<B, C>>) => Promise<T>): Promise<T[]> =>
    rejectAfter(ANSWER_TIMEOUT_MS, Promise.all([...queues.values()].map(ask)));
  return {
    async add(jobs) {
      const adding = LANE_NAMES.map((lane) => add(lane, jobs.filter(isIn(lane))));
      // BullMQ waits for its first connection without end; whoever adds must not.
      await rejectAfter(ANSWER_TIMEOUT_MS, Promise.all(adding));
    },
    async findAlive(messages) {
      const lanes = LANE_NAMES.map(async (lane) => {
        const ids = messages.filter(isIn(lane)).map(({ messageId }) => messageId);
        return ids.length === 0 ? [] : findIds(lane, ids);
      });
      return new Set((await rejectAfter(ANSWER_TIMEOUT_MS, Promise.all(lanes))).flat());
    },
    async depth() {
      const counting = [...queues.values()].map((queue) => queue.getJobCounts(...COUNTED));
      const counts = await rejectAfter(ANSWER_TIMEOUT_MS, Promise.all(counting));
      const sum = (...states: string[]) =>
        counts.reduce((total, count) => states.reduce((n, state) => n + (count[state] ?? 0), total), 0);
      return {
        waiting: sum('waiting', 'paused', 'prioritized'),
        delayed: sum('delayed'),
        active: sum('active'),
      };
    },
    async pause() {
      await ofAll((queue) => queue.pause());
    },
    async resume() {
      await ofAll((queue) => queue.resume());
    },
    async isPaused() {
      return (await ofAll((queue) => queue.isPaused())).every(Boolean);
    },
    async ping() {
      await ping();
    },
    async close() {
      await settlesWithin(CLOSE_TIMEOUT_MS, Promise.all([...queues.values()].map((queue) => queue.close())));
    },
  };
}

function createLane<B extends IQueueBackend, C>({ factory, producer }: Wiring<B, C>, lane: Lane) {
  const queue = new Queue<MailJob, void, string, MailJob, void, string, B, C>(
    lane,
    { connection: producer, prefix: KEY_PREFIX, defaultJobOptions },
    factory,
  );
  // Without a listener an unreachable queue would end the process; each call reports its own failure.
  queue.on('error', () => {});
  return queue;
}

function isIn(lane: Lane): (job: Pick<NewMailJob, 'priority'>) => boolean {
  return ({ priority }) => LANES[priority] === lane;
}

function toEntry({ messageId, traceparent, priority, delayMs = 0 }: NewMailJob) {
  return {
    name: 'deliver',
    data: { messageId, traceparent },
    opts: {
      jobId: messageId,
      ...(delayMs > 0 ? { delay: delayMs } : {}),
      ...(priority === 'low' ? { priority: LOW_PRIORITY } : {}),
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
  wiring: Wiring<B, C>,
  { handler, concurrency, onError }: MailWorkerOptions,
): MailWorker {
  const abort = new AbortController();
  const process = async ({ data }: Pick<Job<MailJob>, 'data'>) => handler(data, { signal: abort.signal });
  const workers = [
    startLane(wiring, { lane: 'mail', process, concurrency, onError }),
    startLane(wiring, { lane: 'mail-high', process, concurrency: Math.ceil(concurrency / 4), onError }),
  ];
  const close = async () => void (await Promise.all(workers.map((worker) => worker.close())));
  let stopping: Promise<void> | null = null;
  return {
    stop(graceMs) {
      stopping ??= stopWorker({ close, abort, graceMs });
      return stopping;
    },
  };
}

type LaneOptions = Pick<MailWorkerOptions, 'concurrency' | 'onError'> & {
  lane: Lane;
  process: (job: Pick<Job<MailJob>, 'data'>) => Promise<void>;
};

function startLane<B extends IQueueBackend, C>(
  { factory, consumer }: Wiring<B, C>,
  { lane, process, concurrency, onError }: LaneOptions,
) {
  const worker = new Worker<MailJob, void, string, B, never, C>(
    lane,
    process,
    {
      connection: consumer,
      prefix: KEY_PREFIX,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      drainDelay: DRAIN_DELAY_S,
      maxStalledCount: UNLIMITED,
      settings: { backoffStrategy: (attemptsMade, _type, error) => retryDelayMs(attemptsMade, error) },
    },
    factory,
  );
  worker.on('error', (error) => onError(error));
  worker.on('failed', (job, error) => {
    if (!(error instanceof RetryLater)) onError(error, job?.data);
  });
  return worker;
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
