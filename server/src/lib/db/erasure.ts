import { randomUUID } from 'node:crypto';
import { and, asc, eq, gt, inArray, isNotNull, or, sql } from 'drizzle-orm';
import {
  deadLetters,
  messageEvents,
  messageRecipients,
  messages,
  suppressions,
  webhookDeliveries,
} from '../../db/schema.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { MessageStatus } from '../messages/status.ts';
import { clearContent, removeBlobs, removeInboxCopies } from './content-removal.ts';
import type { Database, Db } from './database.ts';

export type Erasure = {
  /** Messages that no longer say to whom they went, nor what. */
  messages: number;
  inbox: number;
  events: number;
  /** Messages to this recipient that are still on the way; nothing of them was removed. */
  pending: number;
  /** True where the address is on the suppression list, which is what keeps mail from it. */
  isSuppressed: boolean;
};

export type ErasureOrder = { clientId: string; email: string };

const BATCH = 500;
const PENDING: readonly MessageStatus[] = ['queued', 'scheduled', 'sending', 'unknown'];
const REMOVED = 'removed on request';

/**
 * Forgets a recipient of a client, in messages of either mode: the address becomes a random one, the same in all of them,
 * and content goes with everything that may quote it. Ids, states and times stay. Safe to repeat.
 */
export async function eraseRecipient(
  { database, blobs }: { database: Database; blobs: BlobStore },
  { clientId, email }: ErasureOrder,
): Promise<Erasure> {
  const address = email.toLowerCase();
  const pseudonym = `erased-${randomUUID()}@erased.invalid`;
  const total = { messages: 0, inbox: 0, events: 0, pending: 0 };
  let after: string | null = null;
  do {
    const page: Page = await findMessages(database.db, { clientId, address, after });
    total.pending += page.pending;
    if (page.ids.length > 0) {
      const { ids } = page;
      await removeBlobs({ db: database.db, blobs }, ids);
      const done = await database.transaction((tx) => eraseIn(tx, { ids, address, pseudonym }));
      total.messages += ids.length;
      total.inbox += done.inbox;
      total.events += done.events;
    }
    after = page.next;
  } while (after !== null);
  return { ...total, isSuppressed: await forgetSource(database.db, { clientId, email: address }) };
}

type Page = { ids: string[]; pending: number; next: string | null };

/** Looks through the client's messages in their order, a few at a time, because anybody may be a second recipient. */
async function findMessages(
  db: Db,
  { clientId, address, after }: { clientId: string; address: string; after: string | null },
): Promise<Page> {
  const some = db
    .select({ id: messages.id, status: messages.status })
    .from(messages)
    .where(and(eq(messages.clientId, clientId), after === null ? undefined : gt(messages.id, after)))
    .orderBy(asc(messages.id))
    .limit(BATCH);
  const rows = await some;
  if (rows.length === 0) return { ids: [], pending: 0, next: null };
  const theirs = await db
    .selectDistinct({ id: messageRecipients.messageId })
    .from(messageRecipients)
    .where(
      and(
        inArray(
          messageRecipients.messageId,
          rows.map(({ id }) => id),
        ),
        sql`lower(${messageRecipients.email}) = ${address}`,
      ),
    );
  const found = new Set(theirs.map(({ id }) => id));
  const known = rows.filter(({ id }) => found.has(id));
  return {
    ids: known.filter(({ status }) => !PENDING.includes(status)).map(({ id }) => id),
    pending: known.filter(({ status }) => PENDING.includes(status)).length,
    next: rows.length < BATCH ? null : (rows.at(-1)?.id ?? null),
  };
}

type Erasing = { ids: readonly string[]; address: string; pseudonym: string };

async function eraseIn(
  tx: Db,
  { ids, address, pseudonym }: Erasing,
): Promise<{ inbox: number; events: number }> {
  const wanted = [...ids];
  // In the order in which whoever else locks several messages takes them.
  await tx
    .select({ id: messages.id })
    .from(messages)
    .where(inArray(messages.id, wanted))
    .orderBy(asc(messages.id))
    .for('update');
  await clearContent(tx, ids);
  await tx
    .update(messages)
    .set({
      recipient: sql`case when lower(${messages.recipient}) = ${address} then ${pseudonym} else ${messages.recipient} end`,
      givenSubject: null,
      subject: '',
      headers: {},
      tags: {},
      metadata: {},
      unsubscribeSecret: null,
      lastError: sql`case when ${messages.lastError} is null then null else ${REMOVED} end`,
    })
    .where(inArray(messages.id, wanted));
  await tx
    .update(messageRecipients)
    .set({ email: pseudonym, name: null, response: null })
    .where(
      and(inArray(messageRecipients.messageId, wanted), sql`lower(${messageRecipients.email}) = ${address}`),
    );
  const events = await eraseEvents(tx, { ids, address, pseudonym });
  await tx
    .update(deadLetters)
    .set({ history: [], reason: REMOVED })
    .where(inArray(deadLetters.messageId, wanted));
  // What was told to the client's own URLs quotes the address, and would be sent again by a replay.
  await tx.delete(webhookDeliveries).where(inArray(webhookDeliveries.messageId, wanted));
  return { inbox: await removeInboxCopies(tx, ids), events };
}

/** Providers quote addresses in their words, in whatever form. */
async function eraseEvents(tx: Db, { ids, address, pseudonym }: Erasing): Promise<number> {
  const isTheirs = sql`position(${address} in lower(${messageEvents.recipient})) > 0`;
  const changed = await tx
    .update(messageEvents)
    .set({
      recipient: sql`case when ${isTheirs} then ${pseudonym} else ${messageEvents.recipient} end`,
      detail: null,
    })
    .where(and(inArray(messageEvents.messageId, [...ids]), or(isTheirs, isNotNull(messageEvents.detail))))
    .returning({ id: messageEvents.id });
  return changed.length;
}

/** The suppression stays, because it is what keeps mail away; which message it came from does not. */
async function forgetSource(db: Db, { clientId, email }: ErasureOrder): Promise<boolean> {
  const rows = await db
    .update(suppressions)
    .set({ messageId: null })
    .where(and(eq(suppressions.clientId, clientId), eq(suppressions.email, email)))
    .returning({ id: suppressions.id });
  return rows.length > 0;
}
