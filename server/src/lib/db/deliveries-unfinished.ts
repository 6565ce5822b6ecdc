import { sql } from 'drizzle-orm';
import { messages } from '../../db/schema.ts';
import type { MessagePriority } from '../messages/priority.ts';
import { UNFINISHED_STATUSES } from '../messages/status.ts';
import type { Database, Db } from './database.ts';

/** Where a walk over unfinished messages stands: the time is the database's own text, which loses nothing. */
export type UnfinishedCursor = { id: string; updatedAt: string };

export type UnfinishedMessage = UnfinishedCursor & {
  traceId: string;
  priority: MessagePriority;
  /** How long it is to wait before its next attempt; 0 for at once. */
  delayMs: number;
};

type UnfinishedRow = {
  id: string;
  updated_at: string;
  trace_id: string;
  priority: MessagePriority;
  delay_ms: number;
};

/** As the partial index says it. */
const UNFINISHED = UNFINISHED_STATUSES.map((status) => `'${status}'`).join(', ');

// Qualified throughout: in `order by` a bare name would be the text of the result's column.
const LIST_UNFINISHED = `
select m.id::text as id, m.updated_at::text as updated_at, m.trace_id, m.priority::text as priority,
  greatest(coalesce(extract(epoch from m.retry_at - now())::float8 * 1000, 0), 0) as delay_ms
from messages m
where m.status in (${UNFINISHED})
  and m.updated_at < now() - make_interval(secs => $1::float8 / 1000)
  and (m.status = 'queued' or coalesce(m.lease_until, '-infinity') < now() - make_interval(secs => $1::float8 / 1000))
  and (m.updated_at, m.id) > ($2::text::timestamptz, $3::text::uuid)
order by m.updated_at, m.id
limit $4::integer`;

const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Messages that should have a live job but may have lost it: `queued` and untouched for `idleMs`, or `sending` with a
 * lease that ended that long ago. Oldest first, from behind the cursor.
 */
export async function listUnfinished(
  database: Database,
  { idleMs, after, limit }: { idleMs: number; after: UnfinishedCursor | null; limit: number },
): Promise<UnfinishedMessage[]> {
  const { updatedAt, id } = after ?? { updatedAt: '-infinity', id: NIL_UUID };
  const rows = await database.query<UnfinishedRow>(LIST_UNFINISHED, [idleMs, updatedAt, id, limit]);
  return rows.map((row) => ({
    id: row.id,
    updatedAt: row.updated_at,
    traceId: row.trace_id,
    priority: row.priority,
    delayMs: row.delay_ms,
  }));
}

const PROMOTE = `
with due as materialized (
  select id from messages
  where status = 'scheduled' and scheduled_at <= now()
  order by scheduled_at
  limit $1::integer
  for update skip locked
),
freed as (
  update message_recipients r set status = 'queued' from due d where r.message_id = d.id and r.status = 'scheduled'
),
promoted as (
  update messages m set status = 'queued', updated_at = now()
  from due d where m.id = d.id
  returning m.id, m.client_id, m.trace_id, m.priority, m.attempts
),
told as (
  insert into message_events (message_id, client_id, type, attempt)
  select id, client_id, 'due', attempts from promoted order by id
)
select id::text as id, trace_id, priority::text as priority from promoted`;

const NEXT_DUE = `
select extract(epoch from scheduled_at - now())::float8 * 1000 as in_ms
from messages where status = 'scheduled' order by scheduled_at limit 1`;

/** Makes scheduled messages whose time has come `queued`, the longest overdue first; they need a job then. */
export async function promoteDue(
  database: Database,
  { limit }: { limit: number },
): Promise<Pick<UnfinishedMessage, 'id' | 'traceId' | 'priority'>[]> {
  const rows = await database.query<Pick<UnfinishedRow, 'id' | 'trace_id' | 'priority'>>(PROMOTE, [limit]);
  return rows.map(({ id, trace_id: traceId, priority }) => ({ id, traceId, priority }));
}

/** How long until the next scheduled message is due, 0 where one is; null where there is none. */
export async function untilNextDueMs(database: Database): Promise<number | null> {
  const [row] = await database.query<{ in_ms: number }>(NEXT_DUE, []);
  return row ? Math.max(row.in_ms, 0) : null;
}

/** Looks at the first of them only: behind so many that wait for their time nobody needs the exact age. */
const OLDEST_QUEUED = `
select max(extract(epoch from now() - coalesce(retry_at, updated_at)))::float8 * 1000 as age_ms
from (
  select status, retry_at, updated_at from messages
  where status in (${UNFINISHED}) order by updated_at limit 1000
) first
where status = 'queued' and (retry_at is null or retry_at <= now())`;

/** For how long the message that has waited longest for a worker has waited; 0 where none waits. */
export async function oldestQueuedMs(database: Database): Promise<number> {
  const [row] = await database.query<{ age_ms: number | null }>(OLDEST_QUEUED, []);
  return Math.max(row?.age_ms ?? 0, 0);
}

/** Ends every lease at once: for a process that knows itself to be the only worker, when it starts. */
export async function releaseAllLeases(db: Db): Promise<void> {
  await db
    .update(messages)
    .set({ leaseUntil: sql`now() - interval '1 second'` })
    .where(sql`${messages.status} = 'sending'`);
}
