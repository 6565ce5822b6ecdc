import type { Settled } from '../group-commit.ts';
import type { AttemptOutcome } from '../messages/outcome.ts';
import type { MessageStatus } from '../messages/status.ts';
import { toStorableText } from '../messages/storable-text.ts';
import type { Database } from './database.ts';
import { toEventRows } from './deliveries-checkpoint.ts';
import { derivedStatus, EXPECT_ONE, isAllowed } from './deliveries-sql.ts';
import { type Lease, LeaseLostError, type NewEvent } from './deliveries-types.ts';

/** What became of an attempt. */
export type EndedAttempt = {
  lease: Lease;
  provider: string | null;
  outcome: AttemptOutcome;
  /** When a message that goes back to the queue is to be tried again; null for at once. */
  retryMs: number | null;
  /** What happened before the outcome and has not been told yet. */
  before: readonly NewEvent[];
};

/** SQL that is true where a worker's record may move `from` to `to`; others may do more with what is `failed` or `unknown`. */
function isRecordable(from: string, to: string): string {
  return `(${isAllowed(from, to)} and ${from} <> 'failed' and not (${from} = 'unknown' and ${to} = 'queued'))`;
}

/**
 * A provider's event may have overtaken us, even between our hand-over and this record: states only ever move along the table of
 * transitions, a message's follows from those of its recipients as they are now, and a line that tells of a
 * state is written only where the message came to be in it. A message that fails for good leaves its history as a dead letter.
 *
 * An attempt whose lease ended, and that was given up as `unknown`, is the one that knows better: its record still counts, until somebody else has
 * said what became of the message. But nothing that was `unknown` goes again by itself: what knows of no end then leaves its words, and
 * the message to a person. What failed for good is not moved either.
 */
const RECORD = `
with item as materialized (
  select * from json_to_recordset($1::text::json) as t(
    id uuid, token uuid, provider text, provider_msg_id text, last_error text, is_refunded boolean, retry_ms float8, reason text)
  where ${EXPECT_ONE}
),
change as materialized (
  select * from json_to_recordset($2::text::json) as t(id uuid, position integer, status message_status, response text)
),
event as materialized (
  select * from json_to_recordset($3::text::json) as t(
    id uuid, n integer, type message_event_type, provider text, recipient text, detail text, tells message_status)
),
locked as materialized (
  select m.id, m.client_id, m.template_name, m.status as was, m.attempts, coalesce(i.provider, m.provider) as provider,
    i.provider_msg_id, i.last_error, i.is_refunded, i.retry_ms, i.reason
  from item i join messages m on m.id = i.id and m.lease_token = i.token
  order by m.id
  for update of m
),
recipient as materialized (
  select r.message_id, r.position, c.response, coalesce(${isRecordable('r.status', 'c.status')}, false) as is_moved,
    case when ${isRecordable('r.status', 'c.status')} then c.status else r.status end as status
  from locked l
  join message_recipients r on r.message_id = l.id
  left join change c on c.id = r.message_id and c.position = r.position
  order by r.message_id, r.position
  for update of r
),
moved as (
  update message_recipients r
  set status = n.status, response = n.response
  from recipient n
  where r.message_id = n.message_id and r.position = n.position and n.is_moved
),
derived as materialized (
  select message_id, ${derivedStatus('status')} as status from recipient group by message_id
),
final as materialized (
  select l.*, case when ${isRecordable('l.was', 'd.status')} then d.status else l.was end as status
  from locked l join derived d on d.message_id = l.id
),
recorded as (
  update messages m
  set status = f.status, last_error = case when f.was in ('sending', 'unknown') then f.last_error else m.last_error end, provider = f.provider,
    provider_msg_id = coalesce(f.provider_msg_id, m.provider_msg_id),
    attempts = m.attempts - case when f.is_refunded and f.was = 'sending' then 1 else 0 end,
    retry_at = case when f.status = 'queued' then now() + make_interval(secs => f.retry_ms / 1000) end,
    lease_token = null, lease_until = null, updated_at = now()
  from final f
  where m.id = f.id
),
fresh as materialized (
  select f.id, f.client_id, f.attempts, e.n, e.type, e.provider, e.recipient, e.detail
  from final f join event e on e.id = f.id
  where e.tells is null or (e.tells = f.status and f.was <> f.status)
),
told as (
  insert into message_events (message_id, client_id, type, attempt, provider, recipient, detail)
  select id, client_id, type, attempts, provider, recipient, detail from fresh order by id, n
),
buried as (
  insert into dead_letters (message_id, client_id, template_name, provider, reason, attempts, history)
  select f.id, f.client_id, f.template_name, f.provider, coalesce(f.reason, 'failed'), f.attempts, (
    select jsonb_agg(jsonb_build_object('type', h.type, 'attempt', h.attempt, 'provider', h.provider, 'recipient', h.recipient,
      'detail', h.detail, 'at', to_char(h.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by h.part, h.n)
    from (
      select 1 as part, id as n, type, attempt, provider, recipient, detail, created_at as at
      from message_events where message_id = f.id
      union all
      select 2, n, type, attempts, provider, recipient, detail, now() from fresh where id = f.id
    ) h)
  from final f
  where f.status = 'failed' and f.was <> 'failed'
  on conflict (message_id) do update set provider = excluded.provider, reason = excluded.reason, attempts = excluded.attempts,
    history = excluded.history, created_at = now()
)
select id::text as id, status::text as status from final`;

/** Writes what became of several attempts in one statement; each by its own lease, which it gives back. */
export async function recordAll(
  database: Database,
  items: readonly EndedAttempt[],
): Promise<Settled<MessageStatus>[]> {
  const rows = await database.query<{ id: string; status: MessageStatus }>(RECORD, [
    JSON.stringify(items.map(toItem)),
    JSON.stringify(items.flatMap(toChanges)),
    JSON.stringify(items.flatMap(toEvents)),
  ]);
  const statuses = new Map(rows.map(({ id, status }) => [id, status]));
  return items.map(({ lease: { messageId } }) => {
    const value = statuses.get(messageId);
    return value === undefined ? { ok: false, error: new LeaseLostError(messageId) } : { ok: true, value };
  });
}

function toItem({ lease, provider, outcome, retryMs }: EndedAttempt) {
  return {
    id: lease.messageId,
    token: lease.token,
    provider,
    provider_msg_id: storable(outcome.providerMessageId),
    last_error: storable(outcome.lastError),
    is_refunded: outcome.isRefunded,
    retry_ms: retryMs,
    reason: storable(outcome.lastError ?? outcome.events.at(-1)?.detail ?? null),
  };
}

function toChanges({ lease, outcome }: EndedAttempt) {
  return outcome.recipients.map(({ position, status, response }) => ({
    id: lease.messageId,
    position,
    status,
    response: storable(response),
  }));
}

function toEvents({ lease, provider, outcome, before }: EndedAttempt) {
  const told = outcome.events.map(({ type, recipient, detail }) => ({ type, recipient, detail, provider }));
  const tells = [...before.map(() => null), ...outcome.events.map((event) => event.tells)];
  return toEventRows(lease.messageId, [...before, ...told]).map((row, index) =>
    Object.assign(row, { tells: tells[index] ?? null }),
  );
}

function storable(text: string | null): string | null {
  return text === null ? null : toStorableText(text);
}
