import type { TraceContext } from '../telemetry/trace-context.ts';

/** What a worker needs to find a message and to go on with its trace. */
export type MailJob = { messageId: string; traceparent: string };

/** The producer's side. A job's id is its message's id, so that a message that already waits is not added twice. */
export type MailQueue = {
  /** Adds what is not there yet. Rejects within a second or two where the queue cannot be reached. */
  add(jobs: readonly MailJob[]): Promise<void>;
  /** Rejects where the queue cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

export type MailJobContext = {
  trace: TraceContext;
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
