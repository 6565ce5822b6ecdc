import { dataOf } from './api-client.ts';

/** One page of a list. */
export type Page<Item> = { data: Item[]; nextCursor: string | null };

/** A list that was asked for: await it for one page, or iterate over it for everything from there on, page by page. */
export type Listing<Item> = Promise<Page<Item>> & AsyncIterable<Item>;

/**
 * What `load` answers for a cursor, or without one for the first page; that is asked for at once, the others as needed.
 *
 * @internal
 */
export function createListing<Item>(
  load: (cursor: string | undefined) => Promise<Page<Item>>,
): Listing<Item> {
  const first = load(undefined);
  async function* iterate(): AsyncGenerator<Item, void, undefined> {
    let page = await first;
    yield* page.data;
    while (page.nextCursor !== null) {
      page = await load(page.nextCursor);
      yield* page.data;
    }
  }
  return Object.assign(first, { [Symbol.asyncIterator]: iterate });
}

/**
 * The same for a route that takes a cursor in its query.
 *
 * @internal
 */
export function listFrom<Query extends object, Item>(
  query: Query,
  ask: (query: Query & { cursor?: string }) => Promise<{ data: Page<Item> | null }>,
): Listing<Item> {
  return createListing((cursor) => dataOf(ask(cursor === undefined ? query : { ...query, cursor })));
}
