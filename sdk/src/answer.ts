/** What a client may still ask for, as the service said in its last answer. */
export type RateLimit = {
  /** Requests a minute; a batch counts as its messages. */
  limit: number;
  /** How many are left now. */
  remaining: number;
  /** Seconds until all of them are there again. */
  resetS: number;
};

/** What is known of an answer beside its content. */
export type AnswerInfo = {
  status: number;
  /** The id under which the service's log knows the request. */
  requestId: string | null;
  /** The trace that the service recorded it in (W3C Trace Context). */
  traceparent: string | null;
  /** Null where the key has no limit. */
  rateLimit: RateLimit | null;
  /** Whether this is the answer to an earlier request with the same idempotency key. */
  isReplayed: boolean;
  /** How many requests it took, repeats included. */
  attempts: number;
};

// By reference and beside the data, so that results stay plain objects that can be compared, stored and printed.
const known = new WeakMap<object, AnswerInfo>();

/**
 * Notes what is known of the answer that a result came in; results that are no objects have nothing to be found by.
 *
 * @internal
 */
export function noteAnswer(result: unknown, info: AnswerInfo): void {
  if (typeof result === 'object' && result !== null) known.set(result, info);
}

/**
 * What is known of the answer that `result` came in: rate limit, request id, attempts. Null for anything that no call of a mailer
 * returned.
 *
 * @example
 * const result = await mailer.send({ to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' });
 * console.log(answerOf(result)?.requestId, answerOf(result)?.rateLimit?.remaining);
 */
export function answerOf(result: unknown): AnswerInfo | null {
  return typeof result === 'object' && result !== null ? (known.get(result) ?? null) : null;
}

/**
 * Reads the facts off an answer's headers.
 *
 * @internal
 */
export function toAnswerInfo(status: number, headers: Headers, attempts: number): AnswerInfo {
  return {
    status,
    requestId: headers.get('x-request-id'),
    traceparent: headers.get('traceparent'),
    rateLimit: toRateLimit(headers),
    isReplayed: headers.get('idempotent-replayed') === 'true',
    attempts,
  };
}

function toRateLimit(headers: Headers): RateLimit | null {
  const [limit, remaining, resetS] = ['limit', 'remaining', 'reset'].map((name) => {
    const text = headers.get(`ratelimit-${name}`);
    return text === null || text === '' ? Number.NaN : Number(text);
  });
  if (limit === undefined || remaining === undefined || resetS === undefined) return null;
  return Number.isNaN(limit + remaining + resetS) ? null : { limit, remaining, resetS };
}
