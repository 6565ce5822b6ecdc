import { asc, eq, inArray } from 'drizzle-orm';
import { messageAttachments, messages } from '../../db/schema.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { Db } from './database.ts';

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
    ...attachments.map(({ key }) => key),
  ];
}

/**
 * Removes messages with all that belongs to them. What is in blob storage goes first: interrupted, the rows that name it
 * are still there to be removed again, and nothing is left that nobody knows of.
 */
export async function removeMessages(
  { db, blobs }: { db: Db; blobs: BlobStore },
  ids: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0;
  const keys = await listBlobKeys(db, ids);
  if (keys.length > 0) await blobs.delete(keys);
  const removed = await db
    .delete(messages)
    .where(inArray(messages.id, [...ids]))
    .returning({ id: messages.id });
  return removed.length;
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
