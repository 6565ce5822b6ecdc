import { and, asc, gt, inArray, lt, sql } from 'drizzle-orm';
import { messageEvents, messages } from '../../db/schema.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { lowestIdAt } from '../messages/message-id.ts';
import type { MessageStatus } from '../messages/status.ts';
import { clearContent, HAS_CONTENT, removeInboxCopies } from './content-removal.ts';
import type { Database, Db } from './database.ts';
import { removeFromMessages, type Removed, removeMessages } from './message-removal.ts';

/** What is removed after a time of its own; the last takes everything else of a message with it. */
export const RETENTION_KINDS = ['inbox', 'bodies', 'events', 'messages'] as const;
export type RetentionKind = (typeof RETENTION_KINDS)[number];

export type RetentionBatch = {
  kind: RetentionKind;
  /** Messages that were made, and last changed, before this. */
  before: Date;
  /** The last message of the batch before; null to begin with the oldest. */
  after: string | null;
  limit: number;
};

export type RetentionResult = {
  /** Messages that something was taken from. */
  removed: number;
  /** Where the next batch begins; null where this was the last. */
  next: string | null;
};

/** Whoever is in another state is still on the way, or waits for a person to say what became of it. */
const ENDED: readonly MessageStatus[] = [
  'sent',
  'delivered',
  'bounced',
  'spam',
  'failed',
  'canceled',
  'suppressed',
];

/**
 * Looks at the next few messages in the order of their ids, which is that of time, and takes from those whose time is over.
 * Each batch costs the same, however many there are and whatever was removed before. One that somebody is changing
 * just then is left to the next round.
 */
export async function pruneBatch(
  deps: { database: Database; blobs: BlobStore },
  { kind, before, after, limit }: RetentionBatch,
): Promise<RetentionResult> {
  const isOver = and(
    inArray(messages.status, [...ENDED]),
    lt(messages.updatedAt, before),
    kind === 'bodies' ? HAS_CONTENT : undefined,
  );
  const rows = await deps.database.db
    .select({ id: messages.id, isOver: sql<boolean>`${isOver}` })
    .from(messages)
    .where(
      and(lt(messages.id, lowestIdAt(before.getTime())), after === null ? undefined : gt(messages.id, after)),
    )
    .orderBy(asc(messages.id))
    .limit(limit);
  const ids = rows.filter((row) => row.isOver).map(({ id }) => id);
  const order = { ids, where: isOver, ifLocked: 'skip' } as const;
  const removed = ids.length === 0 ? 0 : await removeFromMessages(deps, order, REMOVALS[kind]);
  return { removed, next: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
}

const REMOVALS: Record<RetentionKind, (tx: Db, ids: readonly string[]) => Promise<Removed<number>>> = {
  inbox: async (tx, ids) => ({ result: await removeInboxCopies(tx, ids), blobKeys: [] }),
  bodies: async (tx, ids) => ({ result: ids.length, blobKeys: await clearContent(tx, ids) }),
  events: async (tx, ids) => ({ result: await removeEvents(tx, ids), blobKeys: [] }),
  messages: removeMessages,
};

async function removeEvents(tx: Db, ids: readonly string[]): Promise<number> {
  const removed = await tx
    .delete(messageEvents)
    .where(inArray(messageEvents.messageId, [...ids]))
    .returning({ id: messageEvents.messageId });
  return new Set(removed.map(({ id }) => id)).size;
}
