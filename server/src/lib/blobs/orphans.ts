import type { Database } from '../db/database.ts';
import { hasMessagesBefore, listMessagesWithContent } from '../db/message-removal.ts';
import { lowestIdAt } from '../messages/message-id.ts';
import type { BlobStore } from './blob-store.ts';

/** What keys begin with: what is kept of a message, and what a folder has half-written. */
const PREFIXES = ['body/', 'attachment/', 'kept/', 'part/'];

const KEY_OF_MESSAGE =
  /^[a-z]+\/([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})(?:\/\d+)?$/;

/**
 * Deletes what blob storage holds of messages that are not there, or whose content was removed: a process died between writing
 * one and the other. A key carries its message's id, which carries its time. A page is looked at with each step,
 * which tells how many of it were deleted. A database without messages of that age deletes nothing: it may be a new one, before
 * the old one is restored.
 *
 * @param before younger ones may yet get their message
 */
export async function* sweepOrphans(
  { database, blobs }: { database: Database; blobs: BlobStore },
  { before, limit }: { before: Date; limit: number },
): AsyncGenerator<number> {
  if (!(await hasMessagesBefore(database, before))) return;
  for (const prefix of PREFIXES) {
    const below = `${prefix}${lowestIdAt(before.getTime())}`;
    for await (const keys of blobs.list({ prefix, below, limit })) {
      const orphans = await findOrphans(database, keys);
      if (orphans.length > 0) await blobs.delete(orphans);
      yield orphans.length;
    }
  }
}

/** What is named in no way of ours was put there by somebody else, and stays. */
async function findOrphans(database: Database, keys: readonly string[]): Promise<string[]> {
  const owned = keys.flatMap((key) => {
    const id = KEY_OF_MESSAGE.exec(key)?.[1];
    return id === undefined ? [] : { key, id };
  });
  if (owned.length === 0) return [];
  const living = await listMessagesWithContent(
    database,
    owned.map(({ id }) => id),
  );
  return owned.filter(({ id }) => !living.has(id)).map(({ key }) => key);
}
