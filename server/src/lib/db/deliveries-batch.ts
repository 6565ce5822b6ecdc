import { createGroupCommit, type Settled } from '../group-commit.ts';
import { isConnectionError } from './connection-error.ts';

/** Where items come closer than this one after the other, one waits a moment for the next: the worker has enough else to do. */
const DENSE_MS = 10;
const LINGER_MS = 4;

/**
 * Carries out what concurrent attempts ask for in one statement. Where a statement fails because of what is in it, each item is
 * carried out by itself, so that a row that poisons the batch fails alone.
 *
 * @param flush one result an item, in order
 */
export function createBatch<I, O>(
  flush: (items: readonly I[]) => Promise<readonly Settled<O>[]>,
): (item: I) => Promise<O> {
  let lastAt = Number.NEGATIVE_INFINITY;
  const commit = createGroupCommit<I, O>({
    // One statement at a time: what comes meanwhile shares the next.
    slots: 1,
    lingerMs: () => (performance.now() - lastAt < DENSE_MS ? LINGER_MS : 0),
    async flush(items) {
      try {
        return await flush(items);
      } catch (error) {
        if (items.length === 1 || isConnectionError(error)) throw error;
        return flushSingly(items, flush);
      }
    },
  });
  return (item) => {
    const settled = commit.add(item);
    lastAt = performance.now();
    return settled;
  };
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
