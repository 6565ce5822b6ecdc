import { and, desc, eq, lt } from 'drizzle-orm';
import { inboxMessages, messages } from '../../db/schema.ts';
import type { InboxStore } from '../providers/inbox.ts';
import type { Db } from './database.ts';
import type { MessageOwner } from './messages.ts';

export type InboxEntry = Omit<typeof inboxMessages.$inferSelect, 'mime'>;

/** Keeps the inbox in the database; a message that is stored again stays as it is. */
export function createInboxStore(db: Db): InboxStore {
  return {
    async save({ messageId, envelope, mime, receivedAt }) {
      const [owner] = await db
        .select({ clientId: messages.clientId, mode: messages.mode })
        .from(messages)
        .where(eq(messages.id, messageId));
      if (!owner) throw new Error(`message ${messageId} is gone`);
      await db
        .insert(inboxMessages)
        .values({
          id: messageId,
          ...owner,
          envelopeFrom: envelope.from,
          envelopeTo: [...envelope.to],
          mime,
          receivedAt,
        })
        .onConflictDoNothing();
    },
  };
}

/** Newest first; `before` is the last id of the previous page. */
export async function listInbox(
  db: Db,
  { owner, before, limit }: { owner: MessageOwner; before: string | null; limit: number },
): Promise<(InboxEntry & { subject: string | null })[]> {
  return db
    .select({
      id: inboxMessages.id,
      clientId: inboxMessages.clientId,
      mode: inboxMessages.mode,
      envelopeFrom: inboxMessages.envelopeFrom,
      envelopeTo: inboxMessages.envelopeTo,
      receivedAt: inboxMessages.receivedAt,
      subject: messages.subject,
    })
    .from(inboxMessages)
    .innerJoin(messages, eq(messages.id, inboxMessages.id))
    .where(and(isOwnedBy(owner), before === null ? undefined : lt(inboxMessages.id, before)))
    .orderBy(desc(inboxMessages.id))
    .limit(limit);
}

/** One kept mail with its exact bytes. */
export async function findInboxMessage(db: Db, id: string, owner: MessageOwner) {
  const [row] = await db
    .select()
    .from(inboxMessages)
    .where(and(eq(inboxMessages.id, id), isOwnedBy(owner)));
  return row ?? null;
}

function isOwnedBy({ clientId, mode }: MessageOwner) {
  return and(eq(inboxMessages.clientId, clientId), eq(inboxMessages.mode, mode));
}
