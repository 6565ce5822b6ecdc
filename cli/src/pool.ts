/** Does the same for every item, `size` at a time; results are in the items' order. The first that throws ends it. */
export async function mapInParallel<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<number, Result>();
  const waiting = items.entries();
  const runs = Array.from({ length: Math.min(size, items.length) }, async () => {
    for (const [index, item] of waiting) results.set(index, await work(item));
  });
  await Promise.all(runs);
  return items.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}
