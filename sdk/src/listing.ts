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
 * A query that goes on at a cursor.
 *
 * @internal
 */
export function withCursor<Query extends object>(
  query: Query,
  cursor: string | undefined,
): Query & { cursor?: string } {
  return cursor === undefined ? query : { ...query, cursor };
}
