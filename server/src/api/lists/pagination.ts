import { isUuid } from '../../lib/uuid.ts';
import { ApiError } from '../problems/problem.ts';

const DEFAULT_LIMIT = 20;

export type Page<T> = { data: T[]; nextCursor: string | null };

/** The size of a page, from a parameter whose schema allows 1 to 100. */
export function parseLimit(limit: number | undefined): number {
  return limit === undefined ? DEFAULT_LIMIT : Number(limit);
}

/**
 * The id after which a page begins, from the opaque cursor of the page before.
 *
 * @throws ApiError `invalid_request`
 */
export function parseCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  if (isUuid(id)) return id;
  throw new ApiError('invalid_request', 'The cursor is not one that this API gave out.', {
    errors: [{ path: '/cursor', message: 'must be the nextCursor of the page before' }],
  });
}

/** The opaque cursor of the page behind an id. */
export function toCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** Makes a page from `limit + 1` rows: the one too many says that there is a next page. */
export function toPage<R extends { id: string }, T>(
  rows: readonly R[],
  limit: number,
  toItem: (row: R) => T,
): Page<T> {
  const visible = rows.slice(0, limit);
  const last = visible.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return {
    data: visible.map(toItem),
    nextCursor: hasMore ? toCursor(last.id) : null,
  };
}
