import { ApiError } from '../problems/problem.ts';

const FIRST = new Date('1970-01-01T00:00:00Z');
const LAST = new Date('9999-12-31T23:59:59Z');

/**
 * Reads a time whose shape the schema has checked; a shape alone allows the 99th of a month.
 *
 * @throws ApiError `invalid_request` naming the place
 */
export function parseIsoTime(text: string, path: string): Date {
  const time = new Date(text);
  // Beyond these years the database's calendar and JavaScript's differ.
  if (time >= FIRST && time <= LAST) return time;
  throw new ApiError('invalid_request', 'A time does not exist.', {
    errors: [{ path, message: 'must be a time that exists, such as 2026-11-21T08:00:00Z' }],
  });
}
