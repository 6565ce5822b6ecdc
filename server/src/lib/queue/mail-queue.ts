import type { MessagePriority } from '../messages/priority.ts';

/** What a worker needs to find a message and to go on with its trace. */
export type MailJob = { messageId: string; traceparent: string };

/** A job to add: `high` has a lane of its own, `low` yields to `normal`. */
export type NewMailJob = MailJob & {
  priority: MessagePriority;
  /** How long it waits before a worker may have it; 0 by default. */
  delayMs?: number;
};

/** How many jobs there are. */
export type QueueDepth = { waiting: number; delayed: number; active: number };

/** The producer's side. A job's id is its message's id, so that a message that already waits is not added twice. */
export type MailQueue = {
  /** Adds what is not there yet. Rejects within a second or two where the queue cannot be reached. */
  add(jobs: readonly NewMailJob[]): Promise<void>;
  /** Which of these messages have a job now, in whatever state; asked in one round trip. */
  findAlive(messages: readonly Pick<NewMailJob, 'messageId' | 'priority'>[]): Promise<Set<string>>;
  /** Rejects within a second or two where the queue cannot be reached. */
  depth(): Promise<QueueDepth>;
  /** From now on no worker takes another job, until resumed; kept with the queue, so that it outlasts every process. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  isPaused(): Promise<boolean>;
  /** Rejects where the queue cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

export type MailJobContext = {
  /** Fires when the process cannot wait any longer: hand back what has not left yet. */
  signal: AbortSignal;
};

/** What a worker does with one job. Throwing {@link RetryLater} brings the job back after a delay. */
export type MailHandler = (job: MailJob, context: MailJobContext) => Promise<void>;

export type MailWorker = {
  /**
   * Takes no further jobs and waits for those under way; after `graceMs` their signal fires. Safe to call twice.
   */
  stop(graceMs: number): Promise<void>;
};

export type MailWorkerOptions = {
  handler: MailHandler;
  /** Messages at once; a quarter of it comes on top for the lane of high priority. */
  concurrency: number;
  onError: (error: Error, job?: MailJob) => void;
};

/** Not a failure: the job is to come back, by the schedule of its message or the wish of a provider. */
export class RetryLater extends Error {
  constructor(readonly delayMs: number) {
    super(`again in ${delayMs} ms`);
    this.name = 'RetryLater';
  }
}

/** Both ends of the queue, on whichever backend the profile has. */
export type QueueBackend = {
  readonly queue: MailQueue;
  startWorker(options: MailWorkerOptions): MailWorker;
};
