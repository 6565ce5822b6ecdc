/** How failures that may pass are met. */
export type RetryOptions = {
  /** How many requests a call may make in all; 1 repeats nothing. Default 5. */
  maxAttempts?: number;
  /** The longest a call may take with all its attempts and pauses, in milliseconds. Default 30,000. */
  maxTotalMs?: number;
  /** The first pause is at most this long, and each further one at most twice the last. Default 200. */
  baseDelayMs?: number;
  /** No pause is longer, unless the service asks for it. Default 5,000. */
  maxDelayMs?: number;
};

/** @internal */
export const DEFAULT_RETRY: Required<RetryOptions> = {
  maxAttempts: 5,
  maxTotalMs: 30_000,
  baseDelayMs: 200,
  maxDelayMs: 5000,
};

/**
 * What went wrong, as far as it matters for another attempt.
 *
 * @internal
 */
export type Failure = { status: number | null; code: string };

const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Whether another attempt may help and can do no harm. What is not `isRepeatable` (it has no idempotency key and does something
 * each time) is asked for again only where it was certainly refused.
 *
 * @internal
 */
export function mayRetry({ status, code }: Failure, isRepeatable: boolean): boolean {
  // The month's quota does not come back within any sensible pause.
  if (code === 'quota_exceeded') return false;
  if (status === 429) return true;
  if (!isRepeatable) return false;
  // The first attempt, whose answer was lost, is still under way.
  if (code === 'idempotency_in_progress') return true;
  return status === null ? code === 'network_error' || code === 'timeout' : PASSING.has(status);
}

/**
 * Full jitter (a pause between nothing and the exponential bound) spreads callers who failed together; what the service asks
 * for in Retry-After is waited for in full, with jitter on top.
 *
 * @internal
 */
export function toDelayMs(
  options: Required<RetryOptions>,
  facts: { attempt: number; retryAfterMs: number | null; random: () => number },
): number {
  const { attempt, retryAfterMs, random } = facts;
  const bound = Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** (attempt - 1));
  if (retryAfterMs === null) return Math.round(random() * bound);
  return retryAfterMs + Math.round(random() * options.baseDelayMs);
}

/**
 * RFC 9110 §10.2.3: seconds, or a date. Null where it is absent or neither.
 *
 * @internal
 */
export function parseRetryAfter(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
