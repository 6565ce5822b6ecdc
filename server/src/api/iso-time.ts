import { ApiError } from './problem.ts';

/**
 * Reads a time whose shape the schema has checked; a shape alone allows the 99th of a month.
 *
 * @throws ApiError `invalid_request` naming the place
 */
export function parseIsoTime(text: string, path: string): Date {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new ApiError('invalid_request', 'A time does not exist.', {
    errors: [{ path, message: 'must be a time that exists, such as 2026-11-21T08:00:00Z' }],
  });
}
