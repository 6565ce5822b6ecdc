import { createGroupCommit, type Settled } from '../group-commit.ts';
import { isConnectionError } from './connection-error.ts';

/**
 * Carries out what concurrent attempts ask for in one statement. Where a statement fails because of what is in it, each item is
 * carried out by itself, so that a row that poisons the batch fails alone.
 *
 * @param flush one result an item, in order
 */
export function createBatch<I, O>(
  flush: (items: readonly I[]) => Promise<readonly Settled<O>[]>,
): (item: I) => Promise<O> {
  const commit = createGroupCommit<I, O>({
    async flush(items) {
      try {
        return await flush(items);
      } catch (error) {
        if (items.length === 1 || isConnectionError(error)) throw error;
        return flushSingly(items, flush);
      }
    },
  });
  return (item) => commit.add(item);
}

async function flushSingly<I, O>(
  items: readonly I[],
  flush: (items: readonly I[]) => Promise<readonly Settled<O>[]>,
): Promise<Settled<O>[]> {
  const settled: Settled<O>[] = [];
  for (const item of items) {
    try {
      settled.push(...(await flush([item])));
    } catch (error) {
      settled.push({ ok: false, error });
    }
  }
  return settled;
}
