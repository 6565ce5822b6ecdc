import type { Database } from '../../lib/db/database.ts';
import { type DeadLetterFilter, listDeadLetterIds } from '../../lib/db/dead-letters.ts';
import type { MessageOwner } from '../../lib/db/messages.ts';

/** One transaction's worth. */
const BATCH = 500;
/** One request's worth: what is left is the next request's, so that none runs into a timeout with nobody knowing how far it came. */
const MAX_LETTERS = 10_000;

export type Walk = {
  /** Letters that were dealt with: exactly those that the action says it took. */
  count: number;
  /** True where the request ended before the letters did: ask again. */
  hasMore: boolean;
};

/**
 * Deals with every letter that meets the filter, oldest message first, in batches each of which is committed by itself.
 *
 * @param action returns how many of the batch it took
 */
export async function walkDeadLetters(
  { database, owner, filter }: { database: Database; owner: MessageOwner | null; filter: DeadLetterFilter },
  action: (messageIds: readonly string[]) => Promise<number>,
): Promise<Walk> {
  let after: string | null = null;
  let count = 0;
  for (let seen = 0; seen < MAX_LETTERS; seen += BATCH) {
    const ids: string[] = await listDeadLetterIds(database.db, { owner, filter, after, limit: BATCH });
    count += await action(ids);
    if (ids.length < BATCH) return { count, hasMore: false };
    after = ids.at(-1) ?? null;
  }
  const rest = await listDeadLetterIds(database.db, { owner, filter, after, limit: 1 });
  return { count, hasMore: rest.length > 0 };
}
