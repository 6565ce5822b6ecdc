import { inArray, sql } from 'drizzle-orm';
import { inboxMessages, messageAttachments, messages } from '../../db/schema.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { REMOVED_PROPS } from '../messages/removed-content.ts';
import type { Db } from './database.ts';
import { listBlobKeys } from './message-removal.ts';

/** Removes what messages keep in blob storage; never inside a transaction, because a store may be in the database. */
export async function removeBlobs(
  { db, blobs }: { db: Db; blobs: BlobStore },
  ids: readonly string[],
): Promise<void> {
  const keys = await listBlobKeys(db, ids);
  if (keys.length > 0) await blobs.delete(keys);
}

/** Takes what was said out of messages, and leaves that they were sent. Call {@link removeBlobs} before it. */
export async function clearContent(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.delete(messageAttachments).where(inArray(messageAttachments.messageId, [...ids]));
  await db
    .update(messages)
    // Some content a message must have: the mark in the props says that this is none.
    .set({ html: null, text: '', props: REMOVED_PROPS, bodyBlob: null, keptBodyBlob: null })
    .where(inArray(messages.id, [...ids]));
}

/** Removes what the inbox keeps of messages; the number of copies there were. */
export async function removeInboxCopies(db: Db, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const removed = await db
    .delete(inboxMessages)
    .where(inArray(inboxMessages.id, [...ids]))
    .returning({ id: inboxMessages.id });
  return removed.length;
}

/** True in SQL where a message still has the content it was given. */
export const HAS_CONTENT = sql<boolean>`${messages.props} is distinct from ${REMOVED_PROPS}`;
