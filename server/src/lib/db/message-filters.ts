import { and, eq, gte, lte, type SQL, sql } from 'drizzle-orm';
import { messages } from '../../db/schema.ts';
import { lowestIdAt } from '../messages/message-id.ts';
import type { MessageStatus } from '../messages/status.ts';
import type { MessageOwner } from './messages.ts';

/** What a list of messages is narrowed to; all of it must hold. */
export type MessageFilter = {
  status?: MessageStatus;
  /** Any recipient, to, cc or bcc, in any case. */
  recipient?: string;
  template?: string;
  /** With `template` only. */
  templateVersion?: number;
  tags?: readonly (readonly [name: string, value: string])[];
  provider?: string;
  traceId?: string;
  /** When the message was accepted, both inclusive. */
  since?: Date;
  until?: Date;
};

/** The indexes that a list can follow, each from the newest message to the oldest. */
export type WalkName = 'trace' | 'recipient' | 'tag' | 'status' | 'template' | 'all';

/** What the walk is on, and which index serves it. The tests hold each combination of filters against this. */
export const WALK_INDEXES: Record<WalkName, string> = {
  trace: 'message_keys_walk',
  recipient: 'message_recipients_email',
  tag: 'message_keys_walk',
  status: 'messages_status',
  template: 'message_keys_walk',
  all: 'messages_client_id',
};

/** Where most messages end: the only states by which a list is not short. */
const COMMON: readonly MessageStatus[] = ['sent', 'delivered'];

/** The index that leaves the least to look through; the other filters are asked of each message on the way. */
export function chooseWalk({ traceId, recipient, tags, status, template }: MessageFilter): WalkName {
  if (traceId !== undefined) return 'trace';
  if (recipient !== undefined) return 'recipient';
  if (tags !== undefined && tags.length > 0) return 'tag';
  if (status !== undefined && !COMMON.includes(status)) return 'status';
  if (template !== undefined) return 'template';
  return status === undefined ? 'all' : 'status';
}

export type Walk = {
  owner: MessageOwner;
  filter: MessageFilter;
  /** The last id of the page before; null for the first page. */
  before: string | null;
  /** Entries of the index that one page may look at. */
  maxWalked: number;
};

/** True where the walk reads the messages themselves, and {@link isWanted} can be asked of its rows. */
export function readsMessages(filter: MessageFilter): boolean {
  const name = chooseWalk(filter);
  return name === 'status' || name === 'all';
}

/** The ids on the way, newest first; where it {@link readsMessages}, with the columns that {@link isWanted} asks for. */
export function walkOf(walk: Walk): SQL {
  const { owner, filter, maxWalked } = walk;
  const name = chooseWalk(filter);
  const key = keyOf(name, filter);
  if (key) {
    return sql`select message_id as id from message_keys
      where client_id = ${owner.clientId}::uuid and mode = ${owner.mode}::key_mode and key = ${key}
        and ${isInRange(sql`message_id`, walk)}
      order by message_id desc limit ${maxWalked}::int`;
  }
  if (name === 'recipient') {
    // An address may be in a message twice.
    return sql`select distinct message_id as id from message_recipients
      where client_id = ${owner.clientId}::uuid and lower(email) = lower(${filter.recipient}::text)
        and ${isInRange(sql`message_id`, walk)}
      order by message_id desc limit ${maxWalked}::int`;
  }
  const isOnWalk = name === 'status' ? sql`status = ${filter.status}::message_status` : sql`true`;
  return sql`select ${walkedColumns(filter)} from messages
    where ${isOwnedBy(owner)} and ${isOnWalk} and ${isInRange(sql`id`, walk)}
    order by id desc limit ${maxWalked}::int`;
}

/** The key that the trigger on the messages makes of the same; null for a walk on another index. */
function keyOf(name: WalkName, { traceId, template, tags: [tag] = [] }: MessageFilter): SQL | null {
  if (name === 'trace') return sql`md5('trace:' || ${traceId}::text)::uuid`;
  if (name === 'template') return sql`md5('template:' || ${template}::text)::uuid`;
  if (name === 'tag' && tag) return sql`md5('tag:' || ${tag[0]}::text || chr(10) || ${tag[1]}::text)::uuid`;
  return null;
}

/** Only those that are asked for: where status and provider are all, the index of all messages has them, and no message is read. */
function walkedColumns({ status, template, templateVersion, provider, since, until }: MessageFilter): SQL {
  const columns = ['id'];
  if (template !== undefined) columns.push('template_name');
  if (templateVersion !== undefined) columns.push('template_version');
  if (status !== undefined) columns.push('status');
  if (provider !== undefined) columns.push('provider');
  if (since !== undefined || until !== undefined) columns.push('created_at');
  return sql.raw(columns.join(', '));
}

/** Clocks of the id and of `created_at` are read one after the other. */
const ID_SLACK_MS = 1000;

/** An id of version 7 begins with its time, so that a time is a range of every one of these indexes. */
function isInRange(id: SQL, { before, filter: { since, until } }: Walk): SQL {
  const from = since && lowestIdAt(since.getTime() - ID_SLACK_MS);
  const to = until && lowestIdAt(until.getTime() + ID_SLACK_MS);
  const conditions = [
    before === null ? null : sql`${id} < ${before}::uuid`,
    from === undefined ? null : sql`${id} >= ${from}::uuid`,
    to === undefined ? null : sql`${id} < ${to}::uuid`,
  ].filter((condition) => condition !== null);
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/** True for a message that a filter wants. The recipient is asked of none that the walk has found by it. */
export function isWanted(filter: MessageFilter): SQL | undefined {
  const { status, recipient, template, templateVersion, tags = [], provider, traceId, since, until } = filter;
  return and(
    status && eq(messages.status, status),
    recipient === undefined || chooseWalk(filter) === 'recipient' ? undefined : isRecipient(recipient),
    template === undefined ? undefined : eq(messages.templateName, template),
    templateVersion === undefined ? undefined : eq(messages.templateVersion, templateVersion),
    ...tags.map(([name, value]) => sql`${messages.tags} ->> ${name}::text = ${value}::text`),
    provider === undefined ? undefined : eq(messages.provider, provider),
    traceId === undefined ? undefined : eq(messages.traceId, traceId),
    since && gte(messages.createdAt, since),
    until && lte(messages.createdAt, until),
  );
}

/** By the message's key: a message has 50 recipients at most. */
function isRecipient(email: string): SQL {
  return sql`exists (select from message_recipients r where r.message_id = ${messages.id}
    and lower(r.email) = lower(${email}::text) offset 0)`;
}

/** Messages of this owner. */
export function isOwnedBy({ clientId, mode }: MessageOwner): SQL {
  return sql`${messages.clientId} = ${clientId}::uuid and ${messages.mode} = ${mode}::key_mode`;
}
