import { and, asc, eq } from 'drizzle-orm';
import { messageAttachments, messageEvents, messageRecipients, messages } from '../../db/schema.ts';
import type { KeyMode } from '../auth/api-key.ts';
import type { Database, Db } from './database.ts';

export type Message = typeof messages.$inferSelect;
export type NewMessage = typeof messages.$inferInsert;
export type Recipient = typeof messageRecipients.$inferSelect;
export type NewRecipient = Pick<Recipient, 'kind' | 'email' | 'name'>;
export type Attachment = typeof messageAttachments.$inferSelect;
export type NewAttachment = Omit<Attachment, 'messageId' | 'position'>;
export type MessageEvent = typeof messageEvents.$inferSelect;

/** Whose messages: every look-up goes through this, so that none can forget it. */
export type MessageOwner = { clientId: string; mode: KeyMode };

/** What a click on an unsubscribe link is held against. */
export type Unsubscribable = Pick<Message, 'id' | 'recipient' | 'unsubscribeSecret'>;

/** Makes a message durable: its row, its recipients and the first line of its timeline, all or none. */
export async function insertMessage(
  database: Database,
  message: NewMessage,
  recipients: readonly NewRecipient[],
): Promise<Message> {
  return database.transaction(async (tx) => {
    const [row] = await tx.insert(messages).values(message).returning();
    if (!row) throw new Error('the database returned no message');
    await tx.insert(messageRecipients).values(
      recipients.map((recipient, position) => ({
        ...recipient,
        messageId: row.id,
        clientId: row.clientId,
        position,
      })),
    );
    await tx
      .insert(messageEvents)
      .values({ messageId: row.id, clientId: row.clientId, type: 'accepted', attempt: 0 });
    return row;
  });
}

export async function findMessage(db: Db, id: string, owner: MessageOwner): Promise<Message | null> {
  const [row] = await db
    .select()
    .from(messages)
    .where(and(eq(messages.id, id), isOwnedBy(owner)));
  return row ?? null;
}

/** A message by its id alone: for callers who prove by other means than a key that it concerns them. */
export async function findUnsubscribable(db: Db, id: string): Promise<Unsubscribable | null> {
  const { recipient, unsubscribeSecret } = messages;
  const [row] = await db
    .select({ id: messages.id, recipient, unsubscribeSecret })
    .from(messages)
    .where(eq(messages.id, id));
  return row ?? null;
}

/** To, then cc, then bcc, each in the order they were given. */
export async function listRecipients(db: Db, messageId: string): Promise<Recipient[]> {
  return db
    .select()
    .from(messageRecipients)
    .where(eq(messageRecipients.messageId, messageId))
    .orderBy(asc(messageRecipients.position));
}

/** In the order they were given. */
export async function listAttachments(db: Db, messageId: string): Promise<Attachment[]> {
  return db
    .select()
    .from(messageAttachments)
    .where(eq(messageAttachments.messageId, messageId))
    .orderBy(asc(messageAttachments.position));
}

/** The timeline, oldest first. */
export async function listMessageEvents(db: Db, messageId: string): Promise<MessageEvent[]> {
  return db
    .select()
    .from(messageEvents)
    .where(eq(messageEvents.messageId, messageId))
    .orderBy(asc(messageEvents.id));
}

function isOwnedBy({ clientId, mode }: MessageOwner) {
  return and(eq(messages.clientId, clientId), eq(messages.mode, mode));
}
