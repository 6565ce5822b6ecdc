import { and, desc, inArray, type SQL, sql } from 'drizzle-orm';
import { messages } from '../../db/schema.ts';
import type { Db } from './database.ts';
import { isOwnedBy, isWanted, type MessageFilter, readsMessages, walkOf } from './message-filters.ts';
import type { Message, MessageOwner } from './messages.ts';

/** What bounds a page, whatever is asked for: so many entries of an index, looked at in some 20 ms. */
export const MAX_WALKED = 20_000;

export type MessagePage = {
  messages: Message[];
  /** The id behind which the next page begins; null where this is the last. */
  next: string | null;
};

export type PageRequest = {
  owner: MessageOwner;
  filter: MessageFilter;
  /** `next` of the page before. */
  before: string | null;
  limit: number;
  maxWalked?: number;
};

/**
 * Newest first. A page holds fewer than `limit` where it looked at {@link MAX_WALKED} messages that the filters did not want; `next` says
 * that there is more.
 */
export async function listMessages(db: Db, request: PageRequest): Promise<MessagePage> {
  const { owner, filter, limit } = request;
  const { ids, walkEnd } = await readPage(db, pageStatement(request));
  const shown = ids.slice(0, limit);
  const next = ids.length > limit ? (shown.at(-1) ?? null) : walkEnd;
  if (shown.length === 0) return { messages: [], next };
  const rows = await db
    .select()
    .from(messages)
    // Asked again: a message may have moved on since.
    .where(and(inArray(messages.id, shown), isOwnedBy(owner), isWanted(filter)))
    .orderBy(desc(messages.id));
  return { messages: rows, next };
}

/**
 * One row: `ids`, one more than a page where there are more, and `walk_end`, where the walk was cut short before the page was full. Both
 * from one snapshot, so that no message falls between two pages.
 */
export function pageStatement({ owner, filter, before, limit, maxWalked = MAX_WALKED }: PageRequest): SQL {
  const walk = walkOf({ owner, filter, before, maxWalked });
  return sql`
    select page.ids, case when json_array_length(page.ids) <= ${limit}::int then (
      select last.id::text from (${walk}) last offset ${maxWalked - 1}::int limit 1
    ) end as walk_end
    from (
      select coalesce((select json_agg(found.id) from (${foundOn(walk, { owner, filter, limit })}) found), '[]') as ids offset 0
    ) page`;
}

/** In the order of the walk, which is left as soon as the page is full. */
function foundOn(walk: SQL, { owner, filter, limit }: Pick<PageRequest, 'owner' | 'filter' | 'limit'>): SQL {
  const wanted = isWanted(filter) ?? sql`true`;
  if (readsMessages(filter)) {
    return sql`select messages.id from (${walk}) as messages where ${wanted} order by messages.id desc limit ${limit + 1}::int`;
  }
  // OFFSET 0 keeps the planner from turning the look-ups by key into a join that reads the whole table.
  return sql`select walked.id from (${walk}) walked
    cross join lateral (
      select from messages where messages.id = walked.id and ${isOwnedBy(owner)} and ${wanted} offset 0
    ) wanted
    order by walked.id desc limit ${limit + 1}::int`;
}

async function readPage(db: Db, statement: SQL): Promise<{ ids: string[]; walkEnd: string | null }> {
  const [row] = await db
    .select({ ids: sql<string[]>`page.ids`, walkEnd: sql<string | null>`page.walk_end` })
    .from(sql`(${statement}) page`);
  if (!row) throw new Error('the database returned no page');
  return row;
}
