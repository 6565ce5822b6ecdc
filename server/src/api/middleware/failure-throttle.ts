import { ApiError } from '../problems/problem.ts';

/** Slows down whoever presents keys that are none, by the address it calls from. */
export type FailureThrottle = {
  /** @throws ApiError `too_many_failures` where the address has none left */
  assertOpen(address: string): void;
  /** Counts a key that was wrong, whatever was wrong with it. */
  count(address: string): void;
};

export type FailureThrottleOptions = {
  /** So many at once, and again so many within a minute. */
  perMinute: number;
  nowMs: () => number;
  /** Addresses remembered; of more, those that were heard of longest ago are forgotten. */
  maxAddresses?: number;
};

type Bucket = { left: number; atMs: number };

/** A token bucket for each address, in this process's memory only. */
export function createFailureThrottle({
  perMinute,
  nowMs,
  maxAddresses = 10_000,
}: FailureThrottleOptions): FailureThrottle {
  const buckets = new Map<string, Bucket>();
  const refillMs = 60_000 / perMinute;

  const leftAt = (address: string, atMs: number): number => {
    const bucket = buckets.get(address);
    if (!bucket) return perMinute;
    return Math.min(bucket.left + Math.max(atMs - bucket.atMs, 0) / refillMs, perMinute);
  };

  return {
    assertOpen(address) {
      const left = leftAt(address, nowMs());
      if (left >= 1) return;
      const retryAfterS = Math.max(Math.ceil(Math.round((1 - left) * refillMs) / 1000), 1);
      throw new ApiError('too_many_failures', `Too many wrong keys. Try again in ${retryAfterS} s.`, {
        headers: { 'retry-after': String(retryAfterS) },
      });
    },
    count(address) {
      const atMs = nowMs();
      const left = Math.max(leftAt(address, atMs) - 1, 0);
      // A Map iterates in order of insertion: inserting again makes it the youngest.
      buckets.delete(address);
      buckets.set(address, { left, atMs });
      const [oldest] = buckets.keys();
      if (buckets.size > maxAddresses && oldest !== undefined) buckets.delete(oldest);
    },
  };
}
