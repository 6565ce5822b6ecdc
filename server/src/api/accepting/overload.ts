import { ApiError } from '../problems/problem.ts';

/** What there is too much of, or who is too slow. */
export type OverloadReason = 'bodies' | 'waiting' | 'database' | 'queue';

const DETAILS: Record<OverloadReason, string> = {
  bodies: 'Too many large requests are under way.',
  waiting: 'Too many messages wait for the database.',
  database: 'The database takes too long.',
  queue: 'Too many messages wait to be sent.',
};

/** In seconds: long enough for a queue in memory to drain, short enough for nobody to give up. */
const RETRY_AFTER_S: Record<OverloadReason, string> = {
  bodies: '1',
  waiting: '1',
  database: '2',
  queue: '10',
};

/** The answer where taking more would make everything slower. */
export function overloaded(reason: OverloadReason): OverloadError {
  return new OverloadError(reason);
}

/** An {@link ApiError} that says why, for the metric. */
export class OverloadError extends ApiError {
  constructor(readonly reason: OverloadReason) {
    super('overloaded', `${DETAILS[reason]} Try again.`, {
      headers: { 'retry-after': RETRY_AFTER_S[reason] },
    });
  }
}
