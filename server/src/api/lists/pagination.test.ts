import { describe, expect, test } from 'bun:test';
import { isUuid } from '../../lib/uuid.ts';
import { parseCursor, toPage } from './pagination.ts';
import { ApiError } from '../problems/problem.ts';

const rows = Array.from({ length: 5 }, () => ({ id: Bun.randomUUIDv7() }));

describe('pagination', () => {
  test('a page of what is there has no next', () => {
    expect(toPage(rows, 5, ({ id }) => id)).toEqual({ data: rows.map(({ id }) => id), nextCursor: null });
    expect(toPage([], 5, ({ id }) => id)).toEqual({ data: [], nextCursor: null });
  });

  test('the cursor leads on from the last row that was shown', () => {
    const page = toPage(rows, 3, ({ id }) => id);
    expect(page.data).toHaveLength(3);
    expect(parseCursor(page.nextCursor ?? '')).toBe(rows[2]?.id ?? '');
  });

  test.each(['', 'x', Buffer.from("' or 1=1").toString('base64url')])('refuses the cursor %j', (cursor) => {
    expect(() => parseCursor(cursor)).toThrow(ApiError);
  });

  test('an id is a UUID in lower case', () => {
    expect(isUuid(rows[0]?.id ?? '')).toBe(true);
    expect(isUuid('../x')).toBe(false);
  });
});
