import type { Db } from './database.ts';
import { runStatement } from './statement.ts';

/** One client's month, as in `2026-11` (UTC). */
export type UsageMonth = { clientId: string; month: string };

/** What is used and allowed; a null limit allows any number. */
export type Usage = { accepted: number; limit: number | null };

/** The calendar month in UTC that a time belongs to. */
export function monthOf(time: Date): string {
  return time.toISOString().slice(0, 7);
}

/** Midnight UTC at the first of the next month. */
export function nextMonthAfter(time: Date): Date {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1, 1));
}

/** One text for each client and month. */
export function usageName({ clientId, month }: UsageMonth): string {
  return `${clientId} ${month}`;
}

// An update that changes nothing still locks the row that is there, and returns it; the order keeps two processes from locking each other out.
const LOCK = `
  insert into client_usage as u (client_id, month, accepted)
  select "clientId", month, 0 from json_to_recordset($1::json) as w("clientId" uuid, month text) order by 1, 2
  on conflict (client_id, month) do update set accepted = u.accepted
  returning client_id, month, accepted, (select quota_limit from clients where id = client_id) as quota_limit`;

/** Reads what these months have used, and keeps everybody else from adding to them until the transaction ends. */
export async function lockUsage(tx: Db, months: readonly UsageMonth[]): Promise<Map<string, Usage>> {
  const rows = await runStatement(tx, LOCK, [JSON.stringify(months)]);
  return new Map(
    rows.map(({ client_id, month, accepted, quota_limit }) => [
      `${client_id} ${month}`,
      { accepted: Number(accepted), limit: quota_limit === null ? null : Number(quota_limit) },
    ]),
  );
}

const ADD = `
  update client_usage u set accepted = u.accepted + w.n
  from json_to_recordset($1::json) as w("clientId" uuid, month text, n int)
  where u.client_id = w."clientId" and u.month = w.month`;

/** Adds to months that this transaction has locked. */
export async function addUsage(tx: Db, used: readonly (UsageMonth & { n: number })[]): Promise<void> {
  if (used.length > 0) await runStatement(tx, ADD, [JSON.stringify(used)]);
}

// An id of version 7 begins with its time, so that the month is a range of the primary order.
const RECOUNT = `
  insert into client_usage (client_id, month, accepted)
  select $1::uuid, $2, count(*) from messages
  where client_id = $1::uuid and mode = 'live' and status <> 'canceled' and created_at >= $3::timestamptz and id >= $4::uuid
  on conflict (client_id, month) do update set accepted = excluded.accepted`;

/** Counts what a client has sent in the month of `now`: only clients with a limit are counted as they send. */
export async function recountUsage(tx: Db, clientId: string, now: Date): Promise<void> {
  const start = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  await runStatement(tx, RECOUNT, [clientId, monthOf(now), start.toISOString(), firstIdAt(start)]);
}

/** The smallest UUIDv7 of a moment, with an hour's room for clocks that differ. */
function firstIdAt(time: Date): string {
  const hex = (time.getTime() - 3_600_000).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
