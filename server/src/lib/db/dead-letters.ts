import { and, asc, desc, eq, gt, gte, inArray, lt, lte, sql } from 'drizzle-orm';
import { deadLetters, messages } from '../../db/schema.ts';
import type { Db } from './database.ts';
import type { MessageOwner } from './messages.ts';

export type DeadLetter = Omit<typeof deadLetters.$inferSelect, 'history' | 'messageId'> & {
  /** The message's own. */
  id: string;
  recipient: string;
  subject: string | null;
};

export type DeadLetterFilter = {
  clientId?: string;
  template?: string;
  provider?: string;
  /** Words that the reason holds, in any case. */
  reason?: string;
  /** By when the message was given up. */
  since?: Date;
  until?: Date;
};

/**
 * Keeps messages that have just failed for good, with their timeline as it is now. One that failed again after a retry
 * replaces its letter.
 */
export async function insertDeadLetters(tx: Db, messageIds: readonly string[]): Promise<void> {
  if (messageIds.length === 0) return;
  await tx.execute(sql`
    insert into dead_letters (message_id, client_id, template_name, provider, reason, attempts, history)
    select m.id, m.client_id, m.template_name, m.provider, coalesce(m.last_error, 'no reason was given'), m.attempts, (
      select coalesce(jsonb_agg(jsonb_build_object(
        'type', e.type, 'attempt', e.attempt, 'provider', e.provider, 'recipient', e.recipient, 'detail', e.detail,
        'at', to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ) order by e.id), '[]'::jsonb)
      from message_events e where e.message_id = m.id
    )
    from messages m
    where m.id in (${sql.join(
      messageIds.map((id) => sql`${id}::uuid`),
      sql`, `,
    )})
    order by m.id
    on conflict (message_id) do update set
      provider = excluded.provider, reason = excluded.reason, attempts = excluded.attempts,
      history = excluded.history, created_at = now()`);
}

/** Newest message first; `before` is the last message id of the previous page. A null owner means all clients. */
export async function listDeadLetters(
  db: Db,
  {
    owner,
    filter,
    before,
    limit,
  }: { owner: MessageOwner | null; filter: DeadLetterFilter; before: string | null; limit: number },
): Promise<DeadLetter[]> {
  return db
    .select(COLUMNS)
    .from(deadLetters)
    .innerJoin(messages, eq(messages.id, deadLetters.messageId))
    .where(and(isMeant(owner, filter), before === null ? undefined : lt(deadLetters.messageId, before)))
    .orderBy(desc(deadLetters.messageId))
    .limit(limit);
}

/** The ids of letters behind the cursor, oldest message first: the order in which a walk takes them. */
export async function listDeadLetterIds(
  db: Db,
  {
    owner,
    filter,
    after,
    limit,
  }: { owner: MessageOwner | null; filter: DeadLetterFilter; after: string | null; limit: number },
): Promise<string[]> {
  const rows = await db
    .select({ id: deadLetters.messageId })
    .from(deadLetters)
    .innerJoin(messages, eq(messages.id, deadLetters.messageId))
    .where(and(isMeant(owner, filter), after === null ? undefined : gt(deadLetters.messageId, after)))
    .orderBy(asc(deadLetters.messageId))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** One letter with its history; null where there is none, or it is not this owner's. */
export async function findDeadLetter(
  db: Db,
  { messageId, owner }: { messageId: string; owner: MessageOwner | null },
) {
  const [row] = await db
    .select({ ...COLUMNS, history: deadLetters.history })
    .from(deadLetters)
    .innerJoin(messages, eq(messages.id, deadLetters.messageId))
    .where(and(eq(deadLetters.messageId, messageId), isMeant(owner, {})));
  return row ?? null;
}

/**
 * Throws letters away; their messages stay `failed`.
 *
 * @returns the ids of those that were there
 */
export async function discardDeadLetters(db: Db, messageIds: readonly string[]): Promise<string[]> {
  if (messageIds.length === 0) return [];
  const rows = await db
    .delete(deadLetters)
    .where(inArray(deadLetters.messageId, [...messageIds]))
    .returning({ id: deadLetters.messageId });
  return rows.map(({ id }) => id);
}

const COLUMNS = {
  id: deadLetters.messageId,
  clientId: deadLetters.clientId,
  templateName: deadLetters.templateName,
  provider: deadLetters.provider,
  reason: deadLetters.reason,
  attempts: deadLetters.attempts,
  createdAt: deadLetters.createdAt,
  recipient: messages.recipient,
  subject: messages.subject,
};

function isMeant(owner: MessageOwner | null, filter: DeadLetterFilter) {
  const { clientId, template, provider, reason, since, until } = filter;
  return and(
    owner === null ? undefined : and(eq(deadLetters.clientId, owner.clientId), eq(messages.mode, owner.mode)),
    clientId === undefined ? undefined : eq(deadLetters.clientId, clientId),
    template === undefined ? undefined : eq(deadLetters.templateName, template),
    provider === undefined ? undefined : eq(deadLetters.provider, provider),
    // Not LIKE: a percent sign in a provider's words is a percent sign.
    reason === undefined ? undefined : sql`strpos(lower(${deadLetters.reason}), lower(${reason}::text)) > 0`,
    since && gte(deadLetters.createdAt, since),
    until && lte(deadLetters.createdAt, until),
  );
}
