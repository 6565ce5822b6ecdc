import { randomUUID } from 'node:crypto';
import { and, asc, eq, gt, inArray, isNotNull, notInArray, or, type SQL, sql } from 'drizzle-orm';
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
import { clearContent, removeInboxCopies } from './content-removal.ts';
import type { Database, Db } from './database.ts';
import { type Removed, removeFromMessages } from './message-removal.ts';

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
const IS_ENDED = notInArray(messages.status, [...PENDING]);
const REMOVED = 'removed on request';

/**
 * Forgets a recipient of a client, in messages of either mode: the address becomes a random one, the same in all of them,
 * and content goes with everything that may quote it. Ids, states and times stay. Safe to repeat.
 */
export async function eraseRecipient(
  deps: { database: Database; blobs: BlobStore },
  { clientId, email }: ErasureOrder,
): Promise<Erasure> {
  const address = email.toLowerCase();
  const pseudonym = `erased-${randomUUID()}@erased.invalid`;
  const total = { messages: 0, inbox: 0, events: 0, pending: 0 };
  for (let after: string | null = null; ;) {
    const ids = await findMessageIdsTo(deps.database.db, { clientId, address, after });
    const done = await removeFromMessages(deps, { ids, where: IS_ENDED, ifLocked: 'wait' }, (tx, ended) =>
      eraseIn(tx, { ids: ended, address, pseudonym }),
    );
    total.messages += done.messages;
    total.inbox += done.inbox;
    total.events += done.events;
    total.pending += ids.length - done.messages;
    if (ids.length < BATCH) break;
    after = ids.at(-1) ?? null;
  }
  return { ...total, isSuppressed: await forgetSource(deps.database.db, { clientId, email: address }) };
}

/** The next few messages of a client that any recipient of this address has, by the index of addresses. */
export async function findMessageIdsTo(
  db: Db,
  { clientId, address, after }: { clientId: string; address: string; after: string | null },
): Promise<string[]> {
  const rows = await db
    .selectDistinct({ id: messageRecipients.messageId })
    .from(messageRecipients)
    .where(
      and(
        eq(messageRecipients.clientId, clientId),
        isAddress(address),
        after === null ? undefined : gt(messageRecipients.messageId, after),
      ),
    )
    .orderBy(asc(messageRecipients.messageId))
    .limit(BATCH);
  return rows.map(({ id }) => id);
}

function isAddress(address: string): SQL {
  return sql`lower(${messageRecipients.email}) = ${address}`;
}

type Erased = Pick<Erasure, 'messages' | 'inbox' | 'events'>;

type Erasing = { ids: readonly string[]; address: string; pseudonym: string };

async function eraseIn(tx: Db, { ids, address, pseudonym }: Erasing): Promise<Removed<Erased>> {
  if (ids.length === 0) return { result: { messages: 0, inbox: 0, events: 0 }, blobKeys: [] };
  const wanted = [...ids];
  const blobKeys = await clearContent(tx, ids);
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
      // A worker that still has something to tell of it would quote the address.
      leaseToken: null,
      lastError: sql`case when ${messages.lastError} is null then null else ${REMOVED} end`,
    })
    .where(inArray(messages.id, wanted));
  await tx
    .update(messageRecipients)
    .set({ email: pseudonym, name: null, response: null })
    .where(and(inArray(messageRecipients.messageId, wanted), isAddress(address)));
  const events = await eraseEvents(tx, { ids, address, pseudonym });
  await tx
    .update(deadLetters)
    .set({ history: [], reason: REMOVED })
    .where(inArray(deadLetters.messageId, wanted));
  // What was told to the client's own URLs quotes the address, and would be sent again by a replay.
  await tx.delete(webhookDeliveries).where(inArray(webhookDeliveries.messageId, wanted));
  const inbox = await removeInboxCopies(tx, ids);
  return { result: { messages: ids.length, inbox, events }, blobKeys };
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
