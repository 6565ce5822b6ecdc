import { and, asc, eq, inArray, type SQL } from 'drizzle-orm';
import { messageAttachments, messages } from '../../db/schema.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { keptBodyKey } from '../messages/kept-body.ts';
import { lowestIdAt } from '../messages/message-id.ts';
import { REMOVED_PROPS } from '../messages/removed-content.ts';
import type { Database, Db } from './database.ts';

/** Which messages something is to be taken from. */
export type RemovalOrder = {
  ids: readonly string[];
  /** What must be true of a message still, once nobody else can change it. */
  where: SQL | undefined;
  /** What to do about a message that somebody else is changing: leave it alone, or wait to see what becomes of it. */
  ifLocked: 'skip' | 'wait';
};

/** What a removal inside a transaction has done, and what is in blob storage for nobody now. */
export type Removed<T> = { result: T; blobKeys: readonly string[] };

/**
 * Takes something from messages while nobody else can change them: a retry before it is seen, a retry after it finds what is left. Blobs
 * go once the rest is committed, because they cannot be brought back; what a process that dies in between leaves of
 * them is found by the sweep of blob storage.
 */
export async function removeFromMessages<T>(
  { database, blobs }: { database: Database; blobs: BlobStore },
  { ids, where, ifLocked }: RemovalOrder,
  remove: (tx: Db, ids: readonly string[]) => Promise<Removed<T>>,
): Promise<T> {
  const { result, blobKeys } = await database.transaction(async (tx) => {
    const locked = await tx
      .select({ id: messages.id })
      .from(messages)
      .where(and(inArray(messages.id, [...ids]), where))
      // The order in which everybody locks several.
      .orderBy(asc(messages.id))
      .for('update', ifLocked === 'skip' ? { skipLocked: true } : {});
    return remove(
      tx,
      locked.map(({ id }) => id),
    );
  });
  if (blobKeys.length > 0) await blobs.delete(blobKeys);
  return result;
}

/** Where everything that these messages keep in blob storage is. */
export async function listBlobKeys(db: Db, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const wanted = [...ids];
  const bodies = await db
    .select({ body: messages.bodyBlob, kept: messages.keptBodyBlob })
    .from(messages)
    .where(inArray(messages.id, wanted));
  const attachments = await db
    .select({ key: messageAttachments.blobKey })
    .from(messageAttachments)
    .where(inArray(messageAttachments.messageId, wanted));
  return [
    ...bodies.flatMap(({ body, kept }) => [body ?? [], kept ?? []].flat()),
    // One that was kept for a hand-over which never came is named by no row.
    ...wanted.map(keptBodyKey),
    ...attachments.map(({ key }) => key),
  ];
}

/** Removes messages with all that belongs to them; for {@link removeFromMessages}. */
export async function removeMessages(tx: Db, ids: readonly string[]): Promise<Removed<number>> {
  if (ids.length === 0) return { result: 0, blobKeys: [] };
  const blobKeys = await listBlobKeys(tx, ids);
  const removed = await tx
    .delete(messages)
    .where(inArray(messages.id, [...ids]))
    .returning({ id: messages.id });
  return { result: removed.length, blobKeys };
}

/** Ids of a client's messages, the oldest first. */
export async function listMessageIds(db: Db, clientId: string, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: messages.id })
    .from(messages)
    .where(eq(messages.clientId, clientId))
    .orderBy(asc(messages.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

const WITH_CONTENT = `
  select m.id::text from json_array_elements_text(($1::text)::json) as asked(id)
  join messages m on m.id = asked.id::uuid where m.props is distinct from $2::text`;

/** Which of these messages are there, with the content that they were given. */
export async function listMessagesWithContent(
  database: Database,
  ids: readonly string[],
): Promise<Set<string>> {
  const rows = await database.query<{ id: string }>(WITH_CONTENT, [JSON.stringify(ids), REMOVED_PROPS]);
  return new Set(rows.map(({ id }) => id));
}

/** True where there is a message that was accepted before a time. */
export async function hasMessagesBefore(database: Database, time: Date): Promise<boolean> {
  const found = await database.query('select 1 as one from messages where id < $1::uuid limit 1', [
    lowestIdAt(time.getTime()),
  ]);
  return found.length > 0;
}
