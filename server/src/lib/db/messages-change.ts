import { predecessorsOf } from '../messages/status.ts';
import type { Db } from './database.ts';
import type { MessageOwner } from './messages.ts';
import { runStatement } from './statement.ts';

/** Which message, for its owner alone. */
export type OwnMessage = MessageOwner & { id: string };

const CANCELABLE = predecessorsOf('canceled')
  .map((status) => `'${status}'`)
  .join(', ');

/** Message, recipients, timeline and quota change together; a worker that takes the message first wins. */
const CANCEL = `
  with canceled as (
    update messages set status = 'canceled', updated_at = now()
    where id = $1 and client_id = $2 and mode = $3 and status in (${CANCELABLE})
      -- Where some recipients have it already it cannot be taken back, nor given back to the quota.
      and not exists (select from message_recipients r where r.message_id = $1
        and r.status not in (${CANCELABLE}, 'suppressed'))
    returning id, client_id, mode, attempts, created_at
  ), their_recipients as (
    update message_recipients r set status = 'canceled' from canceled
    where r.message_id = canceled.id and r.status in (${CANCELABLE})
  ), told as (
    insert into message_events (message_id, client_id, type, attempt)
    select id, client_id, 'canceled', attempts from canceled
  ), given_back as (
    update client_usage u set accepted = greatest(u.accepted - 1, 0) from canceled
    where canceled.mode = 'live' and u.client_id = canceled.client_id
      and u.month = to_char(canceled.created_at at time zone 'UTC', 'YYYY-MM')
  ) select id from canceled`;

/** Cancels a message that no worker has taken yet and gives it back to its month's quota; false where it is too late. */
export async function cancelMessage(db: Db, { id, clientId, mode }: OwnMessage): Promise<boolean> {
  return (await runStatement(db, CANCEL, [id, clientId, mode])).length > 0;
}

const RESCHEDULE = `
  with moved as (
    update messages set scheduled_at = $4, updated_at = now()
    where id = $1 and client_id = $2 and mode = $3 and status = 'scheduled'
    returning id, client_id, attempts
  ), told as (
    insert into message_events (message_id, client_id, type, attempt, detail)
    select id, client_id, 'rescheduled', attempts, $5 from moved
  ) select id from moved`;

/** Gives a message that waits for its time another one; false where it does not wait. */
export async function rescheduleMessage(
  db: Db,
  { id, clientId, mode }: OwnMessage,
  scheduledAt: Date,
): Promise<boolean> {
  const time = scheduledAt.toISOString();
  return (await runStatement(db, RESCHEDULE, [id, clientId, mode, time, `for ${time}`])).length > 0;
}

const UNSUBSCRIBE = `
  with clicked as (
    select id, client_id, mode, lower(recipient) as email, attempts from messages where id = $1
  ), suppressed as (
    insert into suppressions (id, client_id, email, reason, message_id)
    select $2, client_id, email, 'unsubscribe', id from clicked where mode = 'live'
    on conflict (client_id, email) do nothing
  ) insert into message_events (message_id, client_id, type, attempt, recipient)
    select id, client_id, 'unsubscribed', attempts, email from clicked
    where not exists (select from message_events where message_id = $1 and type = 'unsubscribed')`;

/**
 * Records a click on a message's unsubscribe link: its recipient gets no more live mail of the client, and the timeline says
 * so once. A test message suppresses nobody.
 */
export async function unsubscribeRecipient(db: Db, messageId: string): Promise<void> {
  await runStatement(db, UNSUBSCRIBE, [messageId, Bun.randomUUIDv7()]);
}
