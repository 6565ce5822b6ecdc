import { parseIsoTime } from './iso-time.ts';
import { ApiError } from '../problems/problem.ts';

const MAX_AHEAD_MS = 30 * 24 * 60 * 60_000;

/**
 * Reads when a message is to be sent. Null for a time that has passed, which means at once: between a caller's clock and
 * ours a moment is easily lost.
 *
 * @throws ApiError `invalid_request` for no time, and for one too far ahead
 */
export function parseSchedule(text: string, now: Date): Date | null {
  const time = parseIsoTime(text, '/scheduledAt');
  if (time.getTime() <= now.getTime()) return null;
  if (time.getTime() - now.getTime() <= MAX_AHEAD_MS) return time;
  throw new ApiError('invalid_request', 'A message may be scheduled 30 days ahead.', {
    errors: [{ path: '/scheduledAt', message: 'must be within 30 days' }],
  });
}
