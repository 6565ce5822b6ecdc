import { and, asc, gt, inArray, lt } from 'drizzle-orm';
import { messageEvents, messages } from '../../db/schema.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { MessageStatus } from '../messages/status.ts';
import { clearContent, HAS_CONTENT, removeBlobs, removeInboxCopies } from './content-removal.ts';
import type { Database, Db } from './database.ts';
import { removeMessages } from './message-removal.ts';

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

/** The lowest id of version 7 that can have been made at a time. */
export function lowestIdAt(time: Date): string {
  const hex = Math.max(time.getTime(), 0).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/**
 * Looks at the next few messages in the order of their ids, which is that of time, and takes from those whose time is over.
 * Each batch costs the same, however many there are and whatever was removed before.
 */
export async function pruneBatch(
  { database, blobs }: { database: Database; blobs: BlobStore },
  { kind, before, after, limit }: RetentionBatch,
): Promise<RetentionResult> {
  const { db } = database;
  const rows = await db
    .select({
      id: messages.id,
      status: messages.status,
      updatedAt: messages.updatedAt,
      hasContent: HAS_CONTENT,
    })
    .from(messages)
    .where(and(lt(messages.id, lowestIdAt(before)), after === null ? undefined : gt(messages.id, after)))
    .orderBy(asc(messages.id))
    .limit(limit);
  const ids = rows
    .filter(({ status, updatedAt }) => ENDED.includes(status) && updatedAt < before)
    .filter(({ hasContent }) => kind !== 'bodies' || hasContent)
    .map(({ id }) => id);
  const removed = await prune({ database, db, blobs }, kind, ids);
  return { removed, next: rows.length < limit ? null : (rows.at(-1)?.id ?? null) };
}

async function prune(
  deps: { database: Database; db: Db; blobs: BlobStore },
  kind: RetentionKind,
  ids: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0;
  switch (kind) {
    case 'inbox':
      return removeInboxCopies(deps.db, ids);
    case 'bodies':
      await removeBlobs(deps, ids);
      await deps.database.transaction((tx) => clearContent(tx, ids));
      return ids.length;
    case 'events':
      return removeEvents(deps.db, ids);
    case 'messages':
      return removeMessages(deps, ids);
  }
}

async function removeEvents(db: Db, ids: readonly string[]): Promise<number> {
  const removed = await db
    .delete(messageEvents)
    .where(inArray(messageEvents.messageId, [...ids]))
    .returning({ id: messageEvents.messageId });
  return new Set(removed.map(({ id }) => id)).size;
}
