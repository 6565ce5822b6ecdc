import { overloaded } from '../accepting/overload.ts';
import { contextOf } from './request-context.ts';

/** The memory that all request bodies together may take. */
export type BodyBudget = {
  /**
   * Counts bytes that a request is about to hold, until it is answered.
   *
   * @throws ApiError `overloaded` where there is no room
   */
  reserve(request: Request, bytes: number): void;
  /** Gives back all that the request held. Safe to call for any request, and twice. */
  release(request: Request): void;
  readonly usedBytes: number;
};

export function createBodyBudget(maxBytes: number): BodyBudget {
  let usedBytes = 0;
  return {
    reserve(request, bytes) {
      // A lone body that is larger than the budget still passes: its own limit is another's to hold.
      if (usedBytes > 0 && usedBytes + bytes > maxBytes) throw overloaded('bodies');
      contextOf(request).bodyBytes += bytes;
      usedBytes += bytes;
    },
    release(request) {
      const context = contextOf(request);
      usedBytes -= context.bodyBytes;
      context.bodyBytes = 0;
    },
    get usedBytes() {
      return usedBytes;
    },
  };
}
