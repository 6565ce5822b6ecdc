/** As many as the service gives at once. */
const PAGE_SIZE = 100;

type List<Item> = (page: { limit: number }) => AsyncIterable<Item>;

/** The first of a list that comes page by page; no page is asked for that is not needed. */
export async function firstOf<Item>(limit: number, list: List<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of list({ limit: Math.min(limit, PAGE_SIZE) })) {
    items.push(item);
    if (items.length >= limit) break;
  }
  return items;
}

/** Everything that a list has, in pages as large as can be. */
export function allOf<Item>(list: List<Item>): Promise<Item[]> {
  return Array.fromAsync(list({ limit: PAGE_SIZE }));
}
