import { asc, inArray, sql } from 'drizzle-orm';
import { deadLetters, messageEvents, messageRecipients, messages } from '../../db/schema.ts';
import { canBecome, type MessageStatus } from '../messages/status.ts';
import type { Db } from './database.ts';
import { insertDeadLetters } from './dead-letters.ts';
import type { Message, Recipient } from './messages.ts';

/** What a change starts from; its row must be locked by the transaction that writes the change. */
export type LockedMessage = Pick<
  Message,
  | 'id'
  | 'clientId'
  | 'mode'
  | 'status'
  | 'attempts'
  | 'provider'
  | 'providerMessageId'
  | 'handedOverAt'
  | 'lastError'
  | 'priority'
  | 'traceId'
>;

/** The columns of {@link LockedMessage}, for a select. */
export const LOCKED_COLUMNS = {
  id: messages.id,
  clientId: messages.clientId,
  mode: messages.mode,
  status: messages.status,
  attempts: messages.attempts,
  provider: messages.provider,
  providerMessageId: messages.providerMessageId,
  handedOverAt: messages.handedOverAt,
  lastError: messages.lastError,
  priority: messages.priority,
  traceId: messages.traceId,
};

/** The recipients of many messages, by message; each list in the order of positions. */
export async function listRecipientsOf(
  tx: Db,
  messageIds: readonly string[],
): Promise<Map<string, Recipient[]>> {
  const rows = await tx
    .select()
    .from(messageRecipients)
    .where(inArray(messageRecipients.messageId, [...messageIds]))
    .orderBy(asc(messageRecipients.messageId), asc(messageRecipients.position));
  return Map.groupBy(rows, ({ messageId }) => messageId);
}

type NewEvent = Pick<
  typeof messageEvents.$inferInsert,
  'type' | 'provider' | 'recipient' | 'detail' | 'providerEventId' | 'createdAt'
>;

/** A change that no worker makes: reported by a provider or wished by a person. */
export type StatusChange = {
  message: LockedMessage;
  status: MessageStatus;
  /** Unchanged where they are left out. */
  attempts?: number;
  providerMessageId?: string | null;
  lastError?: string | null;
  recipients: readonly {
    position: number;
    from: MessageStatus;
    status: MessageStatus;
    response: string | null;
  }[];
  events: readonly NewEvent[];
};

/**
 * Writes changes with their events, and what hangs on a status: a message that becomes `failed` leaves a dead letter, one that becomes
 * `queued` takes it back.
 *
 * @throws Error where a change is none that there is, or a row was not locked and has moved
 */
export async function writeStatusChanges(tx: Db, changes: readonly StatusChange[]): Promise<void> {
  for (const change of changes) assertAllowed(change);
  await updateRecipients(tx, changes);
  await updateMessages(tx, changes);
  const events = changes.flatMap(({ message, events: added, attempts = message.attempts }) =>
    added.map((event) => ({
      messageId: message.id,
      clientId: message.clientId,
      attempt: attempts,
      ...event,
    })),
  );
  if (events.length > 0) await tx.insert(messageEvents).values(events);
  await insertDeadLetters(tx, idsOf(changes, 'failed'));
  const revived = idsOf(changes, 'queued');
  if (revived.length > 0) await tx.delete(deadLetters).where(inArray(deadLetters.messageId, revived));
}

function assertAllowed({ message, status, recipients, events }: StatusChange): void {
  const moves = [...(message.status === status ? [] : [{ from: message.status, status }]), ...recipients];
  const wrong = moves.find((move) => !canBecome(move.from, move.status));
  if (wrong) throw new Error(`message ${message.id} cannot become ${wrong.status} from ${wrong.from}`);
  if (moves.length > 0 && events.length === 0) throw new Error(`a change of ${message.id} has no event`);
}

function idsOf(changes: readonly StatusChange[], became: MessageStatus): string[] {
  return changes
    .filter(({ message, status }) => status === became && message.status !== became)
    .map(({ message }) => message.id);
}

async function updateRecipients(tx: Db, changes: readonly StatusChange[]): Promise<void> {
  const rows = changes.flatMap(({ message, recipients }) =>
    recipients.map((recipient) => ({ message_id: message.id, ...recipient })),
  );
  if (rows.length === 0) return;
  await tx.execute(sql`
    update message_recipients r
    set status = c.status::message_status, response = coalesce(c.response, r.response)
    from json_to_recordset((${JSON.stringify(rows)}::text)::json)
      as c(message_id uuid, position int, "from" text, status text, response text)
    where r.message_id = c.message_id and r.position = c.position and r.status = c."from"::message_status`);
}

async function updateMessages(tx: Db, changes: readonly StatusChange[]): Promise<void> {
  const rows = changes
    .filter(isRowChanged)
    .map(({ message, status, attempts, providerMessageId, lastError }) => ({
      id: message.id,
      from: message.status,
      status,
      attempts: attempts ?? message.attempts,
      provider_msg_id: providerMessageId === undefined ? message.providerMessageId : providerMessageId,
      last_error: lastError === undefined ? message.lastError : lastError,
    }));
  if (rows.length === 0) return;
  const updated = await tx
    .update(messages)
    .set({
      status: sql`c.status::message_status`,
      attempts: sql`c.attempts`,
      providerMessageId: sql`c.provider_msg_id`,
      lastError: sql`c.last_error`,
      // Whatever becomes `queued` here is to be tried now, not when an earlier attempt had wished.
      retryAt: sql`case when c.status = 'queued' then null else ${messages.retryAt} end`,
      // Somebody knew sooner than the worker that was given up: what it may still have to tell comes too late.
      leaseToken: sql`case when c."from" = 'unknown' and c.status <> c."from" then null else ${messages.leaseToken} end`,
      updatedAt: sql`now()`,
    })
    .from(
      sql`json_to_recordset((${JSON.stringify(rows)}::text)::json)
        as c(id uuid, "from" text, status text, attempts int, provider_msg_id text, last_error text)`,
    )
    .where(sql`${messages.id} = c.id and ${messages.status} = c."from"::message_status`)
    .returning({ id: messages.id });
  if (updated.length !== rows.length) throw new Error('a message moved although it was locked');
}

/** A look alone must not touch `updated_at`, which says how long a message has been left alone. */
function isRowChanged({ message, status, attempts, providerMessageId, lastError }: StatusChange): boolean {
  return (
    status !== message.status ||
    (attempts !== undefined && attempts !== message.attempts) ||
    (providerMessageId !== undefined && providerMessageId !== message.providerMessageId) ||
    (lastError !== undefined && lastError !== message.lastError)
  );
}
