import { and, desc, eq, ilike, inArray, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import { inboxMessages, messages } from '../../db/schema.ts';
import type { InboxStore } from '../providers/inbox.ts';
import type { Db } from './database.ts';
import type { MessageOwner } from './messages.ts';

/** What a mail of the inbox must hold, all of it; capital letters are the same as small ones. */
export type InboxFilter = {
  /** Parts of an address of the envelope. */
  to?: readonly string[];
  subject?: readonly string[];
  /** Parts of the template's name. */
  template?: readonly string[];
  /** In subject, addresses or text. */
  words?: readonly string[];
  /** Read already, or not yet. */
  isRead?: boolean;
};

export type InboxPageRequest = {
  owner: MessageOwner;
  filter?: InboxFilter;
  /** `next` of the page before. */
  before: string | null;
  limit: number;
  maxWalked?: number;
};

/** What bounds a search, whatever is looked for: so many mails are held against it for one page. */
export const MAX_INBOX_WALKED = 5000;

/** Rows that one statement removes, so that none holds its locks for long. */
const MAX_REMOVED = 1000;

const PREVIEW_CHARS = 140;

/** Keeps the inbox in the database; a message that is stored again stays as it is. */
export function createInboxStore(db: Db): InboxStore {
  return {
    async save({ messageId, envelope, mime, text, receivedAt }) {
      const [owner] = await db
        .select({ clientId: messages.clientId, mode: messages.mode })
        .from(messages)
        .where(eq(messages.id, messageId));
      if (!owner) throw new Error(`message ${messageId} is gone`);
      await db
        .insert(inboxMessages)
        .values({
          id: messageId,
          ...owner,
          envelopeFrom: envelope.from,
          envelopeTo: [...envelope.to],
          mime,
          bodyText: text,
          receivedAt,
        })
        .onConflictDoNothing();
    },
  };
}

/** What lists show: the mail without its bytes, and where its message stands. */
const SHOWN = {
  id: inboxMessages.id,
  envelopeFrom: inboxMessages.envelopeFrom,
  envelopeTo: inboxMessages.envelopeTo,
  receivedAt: inboxMessages.receivedAt,
  readAt: inboxMessages.readAt,
  preview: sql<string | null>`left(${inboxMessages.bodyText}, ${PREVIEW_CHARS}::int)`,
  sizeBytes: sql<number>`octet_length(${inboxMessages.mime})`,
  from: messages.fromAddress,
  subject: messages.subject,
  template: messages.templateName,
  status: messages.status,
};

export type InboxEntry = Awaited<ReturnType<typeof selectEntries>>[number];

/** `next` is where the next page begins; null where this is the last. */
export type InboxPage = { entries: InboxEntry[]; next: string | null };

/**
 * Newest first. A page holds fewer than `limit` where {@link MAX_INBOX_WALKED} mails were looked at that the filter did not want; `next`
 * says that there is more.
 */
export async function listInbox(db: Db, request: InboxPageRequest): Promise<InboxPage> {
  const { owner, filter = {}, before, limit } = request;
  const isBehind = and(isOwnedBy(owner), before === null ? undefined : lt(inboxMessages.id, before));
  const wanted = isWanted(filter);
  if (!wanted) {
    const rows = await selectEntries(db, isBehind, limit + 1);
    const entries = rows.slice(0, limit);
    return { entries, next: rows.length > limit ? (entries.at(-1)?.id ?? null) : null };
  }
  const { ids, walkEnd } = await search(db, { isBehind, wanted, ...request });
  const shown = ids.slice(0, limit);
  const next = ids.length > limit ? (shown.at(-1) ?? null) : walkEnd;
  if (shown.length === 0) return { entries: [], next };
  return {
    entries: await selectEntries(db, and(inArray(inboxMessages.id, shown), isOwnedBy(owner)), limit),
    next,
  };
}

function selectEntries(db: Db, where: SQL | undefined, limit: number) {
  return db
    .select(SHOWN)
    .from(inboxMessages)
    .innerJoin(messages, eq(messages.id, inboxMessages.id))
    .where(where)
    .orderBy(desc(inboxMessages.id))
    .limit(limit);
}

type Search = InboxPageRequest & { isBehind: SQL | undefined; wanted: SQL };

/**
 * One more id than a page where there are more, and where the walk was cut short before the page was full. Both from one snapshot, so
 * that no mail falls between two pages.
 */
async function search(
  db: Db,
  { isBehind, wanted, limit, maxWalked = MAX_INBOX_WALKED }: Search,
): Promise<{ ids: string[]; walkEnd: string | null }> {
  const walk = sql`select id, envelope_from, envelope_to, body_text, read_at from inbox_messages
    where ${isBehind} order by inbox_messages.id desc limit ${maxWalked}::int`;
  // OFFSET 0 keeps the planner from turning the look-ups by key into a join that reads the whole table.
  const found = sql`select inbox_messages.id from (${walk}) as inbox_messages
    cross join lateral (
      select subject, from_address, template_name from messages where messages.id = inbox_messages.id offset 0
    ) as messages
    where ${wanted} order by inbox_messages.id desc limit ${limit + 1}::int`;
  const page = sql`
    select page.ids, case when json_array_length(page.ids) <= ${limit}::int then (
      select last.id::text from (${walk}) last offset ${maxWalked - 1}::int limit 1
    ) end as walk_end
    from (
      select coalesce((select json_agg(found.id) from (${found}) found), '[]') as ids offset 0
    ) page`;
  const [row] = await db
    .select({ ids: sql<string[]>`page.ids`, walkEnd: sql<string | null>`page.walk_end` })
    .from(sql`(${page}) page`);
  if (!row) throw new Error('the database returned no page');
  return row;
}

/** Undefined where everything is. */
function isWanted({ to = [], subject = [], template = [], words = [], isRead }: InboxFilter) {
  return and(
    ...to.map(isAmongAddresses),
    ...subject.map((part) => ilike(messages.subject, toPattern(part))),
    ...template.map((part) => ilike(messages.templateName, toPattern(part))),
    ...words.map((word) =>
      or(
        ilike(messages.subject, toPattern(word)),
        isAmongAddresses(word),
        ilike(messages.fromAddress, toPattern(word)),
        ilike(inboxMessages.bodyText, toPattern(word)),
      ),
    ),
    isRead === undefined
      ? undefined
      : isRead
        ? isNotNull(inboxMessages.readAt)
        : isNull(inboxMessages.readAt),
  );
}

/** No address holds a line feed, so that nothing is found across two of them. */
function isAmongAddresses(part: string) {
  return sql`array_to_string(${inboxMessages.envelopeTo}, e'\n') ilike ${toPattern(part)}`;
}

/** The words as they stand: what LIKE takes for more than a character is escaped. */
function toPattern(part: string): string {
  return `%${part.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

/** One kept mail with its exact bytes. */
export async function findInboxMessage(db: Db, id: string, owner: MessageOwner) {
  const [row] = await db
    .select({ ...SHOWN, mime: inboxMessages.mime })
    .from(inboxMessages)
    .innerJoin(messages, eq(messages.id, inboxMessages.id))
    .where(isOne(id, owner));
  return row ?? null;
}

/** Remembers that a mail was read, or takes it back (null); false where there is no such mail. */
export async function markInboxMessage(
  db: Db,
  { id, owner, readAt }: { id: string; owner: MessageOwner; readAt: Date | null },
): Promise<boolean> {
  const marked = await db
    .update(inboxMessages)
    .set({ readAt })
    .where(isOne(id, owner))
    .returning({ id: inboxMessages.id });
  return marked.length > 0;
}

/** Removes one mail from the inbox, never its message; false where there is none. */
export async function removeInboxMessage(db: Db, id: string, owner: MessageOwner): Promise<boolean> {
  const removed = await db.delete(inboxMessages).where(isOne(id, owner)).returning({ id: inboxMessages.id });
  return removed.length > 0;
}

/** Empties an inbox, a bounded number of mails at a time. */
export async function emptyInbox(
  db: Db,
  owner: MessageOwner,
  maxRemoved = MAX_REMOVED,
): Promise<{ removed: number; hasMore: boolean }> {
  const some = db
    .select({ id: inboxMessages.id })
    .from(inboxMessages)
    .where(isOwnedBy(owner))
    .orderBy(desc(inboxMessages.id))
    .limit(maxRemoved);
  const removed = await db
    .delete(inboxMessages)
    .where(and(isOwnedBy(owner), inArray(inboxMessages.id, some)))
    .returning({ id: inboxMessages.id });
  return { removed: removed.length, hasMore: removed.length === maxRemoved };
}

function isOne(id: string, owner: MessageOwner) {
  return and(eq(inboxMessages.id, id), isOwnedBy(owner));
}

function isOwnedBy({ clientId, mode }: MessageOwner) {
  return and(eq(inboxMessages.clientId, clientId), eq(inboxMessages.mode, mode));
}
