import { expect, test } from 'bun:test';
import { parseRetryAfter } from './http-retry-after.ts';

const NOW = new Date('2026-11-21T12:00:00Z');

test.each([
  ['30', 30_000],
  [' 1.5 ', 1500],
  ['0', 0],
  ['Sat, 21 Nov 2026 12:01:00 GMT', 60_000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
  ['99999999999', 86_400_000],
  ['soon', null],
  ['-5', null],
  ['', null],
  [null, null],
])('Retry-After %j is %j ms', (value, ms) => {
  expect(parseRetryAfter(value, NOW)).toBe(ms);
});
