import { eq, ne, sql } from 'drizzle-orm';
import { eventFeedCursors, webhookDeliveries } from '../../db/schema.ts';
import { wantsType } from '../webhooks/event-types.ts';
import { toEventPayload } from '../webhooks/payload.ts';
import type { Database, Db } from './database.ts';
import { type FeedEvent, findFeedHead, hasEvents, readFeed } from './event-feed.ts';
import { comparePositions, type FeedPosition } from './event-feed-position.ts';
import { listActiveEndpoints, listListeningClients, type WebhookEndpoint } from './webhooks-endpoints.ts';

const READER = 'webhooks';

/** The queue is trusted with a delivery for this long before it is reminded of it. */
const QUEUED_MS = 30_000;

/** Rows of one insert: each has eight parameters, of which a statement may have 65,535. */
const INSERT_ROWS = 1000;

type NewDelivery = typeof webhookDeliveries.$inferInsert;

/** What a job is for: the number of attempts so far makes each attempt's job another one. */
export type DueDelivery = Pick<typeof webhookDeliveries.$inferSelect, 'id' | 'endpointId' | 'attempts'>;

/** The columns of {@link DueDelivery}, for a statement's answer. */
export const DUE_COLUMNS = {
  id: webhookDeliveries.id,
  endpointId: webhookDeliveries.endpointId,
  attempts: webhookDeliveries.attempts,
};

/** Until when a delivery that is given a job now is left to the queue. */
export function queuedUntil() {
  return sql`now() + make_interval(secs => ${QUEUED_MS / 1000})`;
}

export type FanOut = {
  /** The deliveries that were made and want jobs. */
  due: DueDelivery[];
  /** True where more waits to be read now. */
  hasMore: boolean;
  /** False where no client has an active endpoint. */
  isWanted: boolean;
};

/**
 * Reads one page of the feed and makes a delivery of each event for each endpoint that wants it, in the transaction that moves the
 * reader on: whoever does it at the same time on another instance waits for nothing and makes nothing, and a crash leaves all or
 * none.
 */
export async function fanOutOnce(database: Database): Promise<FanOut> {
  const { db } = database;
  const after = await readCursor(db);
  // The end of the page before those who listen: whoever is not among them then begins to listen behind it.
  const head = await findFeedHead(db);
  const clientIds = await listListeningClients(db);
  const isWanted = clientIds.length > 0;
  const page = isWanted
    ? await readFeed(db, { after, head, clientIds })
    : { events: [], next: head, isAtHead: true };
  const isWorthWriting = isWanted
    ? page.events.length > 0 || !page.isAtHead
    : comparePositions(head, after) > 0 && (await hasEvents(db, { after, head }));
  // What is not worth it, a few rows of others, is looked at again the next time.
  if (!isWorthWriting) return { due: [], hasMore: false, isWanted };
  const due = await database.transaction((tx) => advance(tx, { from: after, page }));
  return { due: due ?? [], hasMore: due !== null && !page.isAtHead, isWanted };
}

type Page = { events: readonly FeedEvent[]; next: FeedPosition };

/** Null where another instance has moved the reader, or is about to. */
async function advance(
  tx: Db,
  { from, page }: { from: FeedPosition; page: Page },
): Promise<DueDelivery[] | null> {
  const [cursor] = await tx
    .select()
    .from(eventFeedCursors)
    .where(eq(eventFeedCursors.reader, READER))
    .for('update', { skipLocked: true });
  if (!cursor || cursor.txid !== from.txid || cursor.eventId !== from.id) return null;
  const endpoints = await listActiveEndpoints(tx, [...new Set(page.events.map(({ clientId }) => clientId))]);
  const made = await insertDeliveries(tx, toDeliveries(page.events, endpoints));
  await tx
    .update(eventFeedCursors)
    .set({ txid: page.next.txid, eventId: page.next.id, updatedAt: sql`now()` })
    .where(eq(eventFeedCursors.reader, READER));
  return made;
}

async function readCursor(db: Db): Promise<FeedPosition> {
  const [row] = await db.select().from(eventFeedCursors).where(eq(eventFeedCursors.reader, READER));
  if (!row) throw new Error('the place of the reader of events is missing from the database');
  return { txid: row.txid, id: row.eventId };
}

function toDeliveries(events: readonly FeedEvent[], endpoints: readonly WebhookEndpoint[]): NewDelivery[] {
  const byOwner = Map.groupBy(endpoints, ({ clientId, mode }) => `${clientId} ${mode}`);
  return events.flatMap((event) => {
    const listening = byOwner.get(`${event.clientId} ${event.mode}`) ?? [];
    return listening.filter((endpoint) => isFor(event, endpoint)).map(({ id }) => toDelivery(event, id));
  });
}

function isFor(event: FeedEvent, { events, sinceTxid }: WebhookEndpoint): boolean {
  return wantsType(events, `message.${event.type}`) && BigInt(event.position.txid) > BigInt(sinceTxid);
}

/** A delivery of an event that is due at once. */
export function toDelivery(event: FeedEvent, endpointId: string): NewDelivery {
  return {
    id: Bun.randomUUIDv7(),
    endpointId,
    eventId: event.position.id,
    messageId: event.messageId,
    ...toEventPayload(event),
  };
}

/** Inserts those that are not there yet. */
async function insertDeliveries(tx: Db, deliveries: readonly NewDelivery[]): Promise<DueDelivery[]> {
  const due: DueDelivery[] = [];
  for (let start = 0; start < deliveries.length; start += INSERT_ROWS) {
    const rows = await tx
      .insert(webhookDeliveries)
      .values(toRows(deliveries.slice(start, start + INSERT_ROWS)))
      .onConflictDoNothing({ target: [webhookDeliveries.endpointId, webhookDeliveries.eventId] })
      .returning(DUE_COLUMNS);
    due.push(...rows);
  }
  return due;
}

/** Makes these deliveries due once more, those that are there already under their own id. One that is pending is left alone. */
export async function insertReplays(tx: Db, deliveries: readonly NewDelivery[]): Promise<DueDelivery[]> {
  const due: DueDelivery[] = [];
  for (let start = 0; start < deliveries.length; start += INSERT_ROWS) {
    const rows = await tx
      .insert(webhookDeliveries)
      .values(toRows(deliveries.slice(start, start + INSERT_ROWS)))
      .onConflictDoUpdate({
        target: [webhookDeliveries.endpointId, webhookDeliveries.eventId],
        set: REPLAYED,
        setWhere: ne(webhookDeliveries.status, 'pending'),
      })
      .returning(DUE_COLUMNS);
    due.push(...rows);
  }
  return due;
}

function toRows(deliveries: readonly NewDelivery[]) {
  return deliveries.map((delivery) => ({ ...delivery, queuedUntil: queuedUntil() }));
}

/** A schedule that begins anew; the payload and the id stay what they were. */
const REPLAYED = {
  status: 'pending',
  scheduleAttempts: 0,
  scheduleStartedAt: sql`now()`,
  nextAttemptAt: sql`now()`,
  queuedUntil: sql`excluded.queued_until`,
  updatedAt: sql`now()`,
} as const;
