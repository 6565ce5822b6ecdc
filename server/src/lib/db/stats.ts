import { type SQL, sql } from 'drizzle-orm';
import type { KeyMode } from '../auth/api-key.ts';
import { lowestIdAt } from '../messages/message-id.ts';
import type { MessageStatus } from '../messages/status.ts';
import type { Db } from './database.ts';

export type StatsRequest = {
  /** Null for all clients together. */
  clientId: string | null;
  mode: KeyMode;
  /** Where each bucket of time begins, ascending; the first is where the whole begins. */
  starts: readonly Date[];
  /** Where the whole ends, exclusive. */
  until: Date;
};

/** How many messages of a kind there are. `by` says what `name` is the name of. */
export type StatsCount = {
  by: 'bucket' | 'template' | 'provider';
  /** The bucket's number from 0, or a name; null for messages that have none. */
  name: string | null;
  status: MessageStatus;
  count: number;
};

/**
 * Counts messages by the time in their ids, which is that of their acceptance, in one reading of an index that holds all that is counted.
 * Exact, and nothing has to be kept up to date while messages are written.
 */
export async function countMessages(db: Db, request: StatsRequest): Promise<StatsCount[]> {
  return db
    .select({
      by: sql<StatsCount['by']>`counted.kind`,
      name: sql<string | null>`counted.name`,
      status: sql<MessageStatus>`counted.status::text`,
      count: sql<number>`counted.n::int`,
    })
    .from(sql`(${statsStatement(request)}) counted`);
}

/** What {@link countMessages} runs. */
export function statsStatement({ clientId, mode, starts, until }: StatsRequest): SQL {
  const lows = starts.map((start) => lowestIdAt(start.getTime()));
  const owners = clientId === null ? sql`select id from clients` : sql`select ${clientId}::uuid as id`;
  return sql`
    with bounds as materialized (
      select array(select value::uuid from json_array_elements_text(${JSON.stringify(lows)}::text::json)) as lows
    ),
    counted as materialized (
      select m.* from (${owners}) owner cross join bounds cross join lateral (
        select width_bucket(id, bounds.lows) - 1 as bucket, status, template_name, provider, count(*) as n
        from messages
        where client_id = owner.id and mode = ${mode}::key_mode
          and id >= ${lows[0]}::uuid and id < ${lowestIdAt(until.getTime())}::uuid
        group by 1, 2, 3, 4 offset 0
      ) m
    )
    select case when grouping(bucket) = 0 then 'bucket' when grouping(template_name) = 0 then 'template' else 'provider' end as kind,
      case when grouping(bucket) = 0 then bucket::text when grouping(template_name) = 0 then template_name else provider end as name,
      status, sum(n) as n
    from counted
    group by grouping sets ((bucket, status), (template_name, status), (provider, status))`;
}
