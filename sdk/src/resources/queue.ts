import { type ApiOf, dataOf } from '../api-client.ts';
import type { CallOptions } from '../options.ts';
import type { QueueState } from '../types.ts';

/** What waits to be sent. For admin keys. */
export type QueueResource = {
  get(options?: CallOptions): Promise<QueueState>;
  /** Keeps workers from taking another message until {@link QueueResource.resume}; mail is accepted meanwhile. */
  pause(options?: CallOptions): Promise<QueueState>;
  resume(options?: CallOptions): Promise<QueueState>;
};

/** @internal */
export function createQueue(api: ApiOf): QueueResource {
  return {
    get: (options) => dataOf(api(options).v1.queue.get()),
    pause: (options) => dataOf(api(options, { isRepeatable: true }).v1.queue.pause.post()),
    resume: (options) => dataOf(api(options, { isRepeatable: true }).v1.queue.resume.post()),
  };
}
