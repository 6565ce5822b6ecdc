import { and, count, eq, inArray, notInArray } from 'drizzle-orm';
import { apiKeys, clients, idempotencyKeys, messages, suppressions, templates } from '../../db/schema.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { MessageStatus } from '../messages/status.ts';
import { type Client, setClientStatus } from './clients.ts';
import type { Database, Db } from './database.ts';
import { codeOf } from './connection-error.ts';
import { listMessageIds, removeFromMessages, removeMessages } from './message-removal.ts';

/** How much of a client's there was. */
export type RemovedData = { messages: number; templates: number; suppressions: number; keys: number };

export type ClientRemoval =
  | { kind: 'removed'; data: RemovedData }
  /** It has mail that was not sent yet; nothing was removed. */
  | { kind: 'in_use'; unfinished: number };

const BATCH = 500;
const UNFINISHED: readonly MessageStatus[] = ['queued', 'scheduled', 'sending'];
const FOREIGN_KEY_VIOLATION = '23503';

/**
 * Removes a client with everything that is its own. It is suspended first, so that nothing is added meanwhile; messages go
 * in batches, because one transaction for all would hold up everybody else. Interrupted, it is a suspended client with
 * fewer messages, and can be removed again.
 *
 * @param onSuspended called as soon as the client may do nothing any more
 */
export async function removeClient(
  { database, blobs }: { database: Database; blobs: BlobStore },
  client: Client,
  onSuspended: () => void,
): Promise<ClientRemoval> {
  const { db } = database;
  const before = await countUnfinished(db, client.id);
  if (before > 0) return { kind: 'in_use', unfinished: before };
  await setClientStatus(db, client.id, 'suspended');
  onSuspended();
  // What was accepted at the last moment.
  const unfinished = await countUnfinished(db, client.id);
  if (unfinished > 0) return giveBack(db, client, unfinished);
  let removed = 0;
  for (;;) {
    const ids = await listMessageIds(db, client.id, BATCH);
    const order = { ids, where: notInArray(messages.status, [...UNFINISHED]), ifLocked: 'wait' } as const;
    const gone = ids.length === 0 ? 0 : await removeFromMessages({ database, blobs }, order, removeMessages);
    removed += gone;
    // An administrator may retry one at any moment.
    if (gone < ids.length) return giveBack(db, client, ids.length - gone);
    if (ids.length < BATCH) break;
  }
  const rest = await removeRest(database, client.id);
  return rest ? { kind: 'removed', data: { messages: removed, ...rest } } : giveBack(db, client, 1);
}

async function giveBack(db: Db, { id, status }: Client, unfinished: number): Promise<ClientRemoval> {
  await setClientStatus(db, id, status);
  return { kind: 'in_use', unfinished };
}

async function countUnfinished(db: Db, clientId: string): Promise<number> {
  const [row] = await db
    .select({ n: count() })
    .from(messages)
    .where(and(eq(messages.clientId, clientId), inArray(messages.status, [...UNFINISHED])));
  return row?.n ?? 0;
}

/** Null where a message has come in after all: the database does not let its client go. */
async function removeRest(
  database: Database,
  clientId: string,
): Promise<Omit<RemovedData, 'messages'> | null> {
  try {
    return await database.transaction(async (tx) => {
      const counts = await countRest(tx, clientId);
      await tx.delete(idempotencyKeys).where(eq(idempotencyKeys.ownerId, clientId));
      await tx.delete(clients).where(eq(clients.id, clientId));
      return counts;
    });
  } catch (error) {
    if (codeOf(error) === FOREIGN_KEY_VIOLATION) return null;
    throw error;
  }
}

async function countRest(tx: Db, clientId: string): Promise<Omit<RemovedData, 'messages'>> {
  const [templateCount] = await tx
    .select({ n: count() })
    .from(templates)
    .where(eq(templates.clientId, clientId));
  const [suppressionCount] = await tx
    .select({ n: count() })
    .from(suppressions)
    .where(eq(suppressions.clientId, clientId));
  const [keyCount] = await tx.select({ n: count() }).from(apiKeys).where(eq(apiKeys.clientId, clientId));
  return { templates: templateCount?.n ?? 0, suppressions: suppressionCount?.n ?? 0, keys: keyCount?.n ?? 0 };
}
