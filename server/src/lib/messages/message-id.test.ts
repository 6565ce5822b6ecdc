import { expect, test } from 'bun:test';
import { lowestIdAt } from './message-id.ts';

test('an id of a time is as old as it', () => {
  const at = Date.parse('2026-09-01T10:00:00.123Z');
  expect(lowestIdAt(at) <= Bun.randomUUIDv7('hex', at)).toBe(true);
  expect(lowestIdAt(at + 1) > Bun.randomUUIDv7('hex', at)).toBe(true);
});
