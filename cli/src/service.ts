import type { Mailer } from '@org/mail-sdk';
import { CommandError } from './command-error.ts';
import type { ConnectionFlags, ResolveOptions } from './connection.ts';
import { mailerOf } from './options.ts';
import { toRecord } from './record.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type RequestOptions = { query?: Record<string, string | number | undefined>; body?: unknown };

/** A list of the API: how many of it, and which. */
type ListOptions = { query?: RequestOptions['query']; limit: number };

/** Any route of the API, for commands that show what it answers as it is. */
export type Service = {
  readonly mailer: Mailer;
  /** @throws MailError */
  request(method: Method, path: string, options?: RequestOptions): Promise<Record<string, unknown>>;
  /** A list's items, page by page, up to `limit`. @throws MailError */
  list(path: string, options: ListOptions): Promise<Record<string, unknown>[]>;
};

const PAGE_SIZE = 100;

/** @throws CommandError where there is no key, or the URL is none */
export async function serviceOf(flags: ConnectionFlags, options: ResolveOptions = {}): Promise<Service> {
  const mailer = await mailerOf(flags, options);
  const request: Service['request'] = async (method, path, { query, body } = {}) =>
    toRecord(
      await mailer.request(method, path, {
        ...(query === undefined ? {} : { query }),
        ...(body === undefined ? {} : { body }),
      }),
    );
  return { mailer, request, list: (path, wanted) => listAll(request, path, wanted) };
}

async function listAll(
  request: Service['request'],
  path: string,
  { query = {}, limit }: ListOptions,
): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let cursor: string | undefined;
  do {
    const size = Math.min(PAGE_SIZE, limit - items.length);
    const page = await request('GET', path, { query: { ...query, limit: size, cursor } });
    items.push(...(Array.isArray(page.data) ? page.data.map(toRecord) : []));
    cursor = typeof page.nextCursor === 'string' ? page.nextCursor : undefined;
  } while (cursor !== undefined && items.length < limit);
  return items;
}

/**
 * A path with its parameters encoded: `pathOf('/v1/messages', id, 'events')`.
 *
 * @throws CommandError `not_found` for what would be another route
 */
export function pathOf(base: string, ...segments: readonly string[]): string {
  for (const segment of segments) {
    if (['', '.', '..'].includes(segment)) throw new CommandError('not_found', `"${segment}" names nothing.`);
  }
  return [base, ...segments.map(encodeURIComponent)].join('/');
}
