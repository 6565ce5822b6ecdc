import { inArray, sql } from 'drizzle-orm';
import { inboxMessages, messageAttachments, messages } from '../../db/schema.ts';
import { REMOVED_PROPS } from '../messages/removed-content.ts';
import type { Db } from './database.ts';
import { listBlobKeys } from './message-removal.ts';

/**
 * Takes what was said out of messages, and leaves that they were sent.
 *
 * @returns what they have in blob storage, to be deleted once the transaction is committed
 */
export async function clearContent(tx: Db, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const blobKeys = await listBlobKeys(tx, ids);
  await tx.delete(messageAttachments).where(inArray(messageAttachments.messageId, [...ids]));
  await tx
    .update(messages)
    // Some content a message must have: the mark in the props says that this is none.
    .set({ html: null, text: '', props: REMOVED_PROPS, bodyBlob: null, keptBodyBlob: null })
    .where(inArray(messages.id, [...ids]));
  return blobKeys;
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
