import { and, asc, eq, getTableColumns, inArray, sql } from 'drizzle-orm';
import { messageEvents, messages } from '../../db/schema.ts';
import type { KeyMode } from '../auth/api-key.ts';
import type { MessageStatus } from '../messages/status.ts';
import type { Db } from './database.ts';
import { comparePositions, type FeedPosition } from './event-feed-position.ts';

/** An event with what its readers want to know of its message, as that is when the event is read. */
export type FeedEvent = {
  position: FeedPosition;
  messageId: string;
  clientId: string;
  mode: KeyMode;
  type: (typeof messageEvents.type.enumValues)[number];
  /** The message's status now, which later events may have changed already. */
  status: MessageStatus;
  /** Whom the event is about; the message's first recipient where it is about all. */
  recipient: string;
  attempt: number;
  /** Which provider it is about; null where it is about none. */
  provider: string | null;
  /** Which provider has the message now. */
  messageProvider: string | null;
  traceId: string;
  detail: string | null;
  template: string | null;
  templateVersion: number | null;
  tags: Record<string, string>;
  at: Date;
};

export type FeedPage = {
  events: FeedEvent[];
  /** Where to go on. */
  next: FeedPosition;
  /** True where nothing complete is left behind `next`. */
  isAtHead: boolean;
};

/** Rows of all clients that a page looks at, at most: what bounds a page whatever share of them is wanted. */
export const FEED_PAGE_ROWS = 2000;

/**
 * Where the feed ends now. Ids are given out before commits, so a row with a lower id can still appear; but whatever a transaction older
 * than every open one wrote is there, or never will be.
 */
export async function findFeedHead(db: Db): Promise<FeedPosition> {
  const [row] = await db
    .select({ txid: sql<string>`snapshot.xmin::text` })
    .from(sql`(select pg_snapshot_xmin(pg_current_snapshot()) as xmin) as snapshot`);
  if (!row) throw new Error('the database gave no snapshot');
  return { txid: row.txid, id: 0 };
}

/**
 * The events of these clients behind `after`, in the order of the feed: by transaction, then by id. Reading on from `next` neither
 * misses an event nor repeats one, whatever commits in between.
 */
export async function readFeed(
  db: Db,
  { after, clientIds, head: known, pageRows = FEED_PAGE_ROWS }: FeedRequest,
): Promise<FeedPage> {
  const head = known ?? (await findFeedHead(db));
  if (comparePositions(head, after) <= 0) return { events: [], next: after, isAtHead: true };
  const cut = await findCut(db, { after, head, pageRows });
  const until = cut ?? head;
  const events = clientIds.length === 0 ? [] : await selectEvents(db, { after, until, clientIds });
  return { events, next: until, isAtHead: cut === null };
}

export type FeedRequest = {
  after: FeedPosition;
  clientIds: readonly string[];
  /** Where the feed ended a moment ago; looked up where it is left out. */
  head?: FeedPosition;
  pageRows?: number;
};

/** True where anybody's event lies between two places. */
export async function hasEvents(
  db: Db,
  { after, head }: { after: FeedPosition; head: FeedPosition },
): Promise<boolean> {
  return (await findCut(db, { after, head, pageRows: 1 })) !== null;
}

/** How many events of each type lie between two places, of all clients. */
export async function countEvents(
  db: Db,
  { after, head }: { after: FeedPosition; head: FeedPosition },
): Promise<{ type: FeedEvent['type']; count: number }[]> {
  return db
    .select({ type: messageEvents.type, count: sql<number>`count(*)::int` })
    .from(messageEvents)
    .where(and(isBehind(after), isUpTo(head)))
    .groupBy(messageEvents.type);
}

/** The last row of a full page; null where fewer are left. */
async function findCut(
  db: Db,
  { after, head, pageRows }: { after: FeedPosition; head: FeedPosition; pageRows: number },
): Promise<FeedPosition | null> {
  const [row] = await db
    .select({ txid: messageEvents.txid, id: messageEvents.id })
    .from(messageEvents)
    .where(and(isBehind(after), isUpTo(head)))
    .orderBy(asc(messageEvents.txid), asc(messageEvents.id))
    .offset(pageRows - 1)
    .limit(1);
  return row ?? null;
}

const { txid, id, messageId, clientId, type, attempt, provider, detail } = getTableColumns(messageEvents);
const SELECTED = {
  txid,
  id,
  messageId,
  clientId,
  type,
  attempt,
  provider,
  detail,
  at: messageEvents.createdAt,
  recipient: sql<string>`coalesce(${messageEvents.recipient}, ${messages.recipient})`,
  mode: messages.mode,
  status: messages.status,
  messageProvider: messages.provider,
  traceId: messages.traceId,
  template: messages.templateName,
  templateVersion: messages.templateVersion,
  tags: messages.tags,
};

async function selectEvents(
  db: Db,
  { after, until, clientIds }: { after: FeedPosition; until: FeedPosition; clientIds: readonly string[] },
): Promise<FeedEvent[]> {
  const rows = await db
    .select(SELECTED)
    .from(messageEvents)
    .innerJoin(messages, eq(messages.id, messageEvents.messageId))
    .where(and(isBehind(after), isUpTo(until), inArray(messageEvents.clientId, [...clientIds])))
    .orderBy(asc(messageEvents.txid), asc(messageEvents.id));
  return rows.map(toFeedEvent);
}

/**
 * The events of one client and mode between two times, oldest first, whether the feed has reached them or not: for sending them once more.
 */
export async function selectEventsBetween(
  db: Db,
  {
    owner,
    since,
    until,
    limit,
  }: { owner: { clientId: string; mode: KeyMode }; since: Date; until: Date; limit: number },
): Promise<FeedEvent[]> {
  const rows = await db
    .select(SELECTED)
    .from(messageEvents)
    .innerJoin(messages, eq(messages.id, messageEvents.messageId))
    .where(
      and(
        eq(messageEvents.clientId, owner.clientId),
        eq(messages.mode, owner.mode),
        // Both bounds as texts: a fragment does not know how its column is written.
        sql`${messageEvents.createdAt} >= ${since.toISOString()}::timestamptz`,
        sql`${messageEvents.createdAt} < ${until.toISOString()}::timestamptz`,
      ),
    )
    .orderBy(asc(messageEvents.createdAt), asc(messageEvents.id))
    .limit(limit);
  return rows.map(toFeedEvent);
}

/** One event of a client and mode; null where it has none of that id. */
export async function findFeedEvent(
  db: Db,
  owner: { clientId: string; mode: KeyMode },
  eventId: number,
): Promise<FeedEvent | null> {
  const [row] = await db
    .select(SELECTED)
    .from(messageEvents)
    .innerJoin(messages, eq(messages.id, messageEvents.messageId))
    .where(
      and(
        eq(messageEvents.id, eventId),
        eq(messageEvents.clientId, owner.clientId),
        eq(messages.mode, owner.mode),
      ),
    );
  return row ? toFeedEvent(row) : null;
}

/** The place in the feed before everything that was written since a time. */
export async function findPositionBefore(db: Db, since: Date): Promise<FeedPosition> {
  // A fence: the planner would otherwise walk the feed from its beginning in the hope of an early match.
  const recent = db
    .select({ txid: messageEvents.txid })
    .from(messageEvents)
    .where(sql`${messageEvents.createdAt} >= ${since.toISOString()}::timestamptz`)
    .offset(0)
    .as('recent');
  const [row] = await db.select({ txid: sql<string | null>`min(${recent.txid})::text` }).from(recent);
  return row?.txid ? { txid: row.txid, id: 0 } : findFeedHead(db);
}

type SelectedRow = Omit<FeedEvent, 'position'> & FeedPosition;

function toFeedEvent({ txid: transaction, id: eventId, ...event }: SelectedRow): FeedEvent {
  return { position: { txid: transaction, id: eventId }, ...event };
}

function isBehind(position: FeedPosition) {
  return sql`(${messageEvents.txid}, ${messageEvents.id}) > (${position.txid}::xid8, ${position.id}::bigint)`;
}

function isUpTo(position: FeedPosition) {
  return sql`(${messageEvents.txid}, ${messageEvents.id}) <= (${position.txid}::xid8, ${position.id}::bigint)`;
}
