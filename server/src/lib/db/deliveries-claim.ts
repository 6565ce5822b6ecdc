import type { JsonObject, StringMap } from '../../db/schema.ts';
import type { Settled } from '../group-commit.ts';
import type { MessageStatus } from '../messages/status.ts';
import type { Database } from './database.ts';
import { EXPECT_ONE } from './deliveries-sql.ts';
import { type ClaimedMessage, type ClaimedRecipient, type ClaimResult, CUT_OFF } from './deliveries-types.ts';

/** A job may come this much before the time that the row names: the queue's clock is not the database's. */
const EARLY_MS = 250;

/** Where the same message is asked for twice at once, the second looks again after this. */
const TWICE_MS = 1000;

/**
 * Locks first the messages, then their recipients, each in the order of their keys: whatever changes several of them at once
 * does it in this order, so that nobody waits in a circle. What is locked is read as it is now, not as it was when the
 * statement began.
 *
 * What was cut off keeps the token of its attempt: should its worker be alive after all, the answer still counts.
 */
const CLAIM = `
with wanted as materialized (
  select id, token from json_to_recordset($1::text::json) as t(id uuid, token uuid) where ${EXPECT_ONE}
),
locked as materialized (
  select m.id, m.client_id, m.mode, m.status, w.token,
    case
      when m.status = 'queued' and m.retry_at > now() + interval '${EARLY_MS} milliseconds' then 'wait'
      when m.status = 'queued' then 'claim'
      when m.status <> 'sending' then 'ended'
      when coalesce(m.lease_until, '-infinity') >= now() then 'wait'
      when m.handed_over_at is null then 'claim'
      else 'cut_off'
    end as verdict,
    extract(epoch from case m.status when 'queued' then m.retry_at else m.lease_until end - now())::float8 * 1000 as wait_ms
  from wanted w join messages m on m.id = w.id
  order by m.id
  for update of m
),
touched as materialized (
  select r.message_id, r.position, r.kind, r.email, r.name, r.status as was, s.reason,
    case
      when r.status not in ('queued', 'sending') then r.status
      when l.verdict = 'cut_off' then case r.status when 'sending' then 'unknown' else r.status end
      when s.reason is not null then 'suppressed'
      else 'sending'
    end as status
  from locked l
  join message_recipients r on r.message_id = l.id
  left join suppressions s on l.mode = 'live' and s.client_id = l.client_id and s.email = lower(r.email)
  where l.verdict in ('claim', 'cut_off')
  order by r.message_id, r.position
  for update of r
),
changed as (
  update message_recipients r
  set status = t.status, response = case t.status when 'suppressed' then 'on the suppression list: ' || t.reason else r.response end
  from touched t
  where r.message_id = t.message_id and r.position = t.position and t.status <> t.was
),
claimed as (
  update messages m
  set status = 'sending', lease_token = l.token, lease_until = now() + make_interval(secs => $2::float8 / 1000),
    handed_over_at = null, retry_at = null, attempts = m.attempts + 1, updated_at = now()
  from locked l
  where m.id = l.id and l.verdict = 'claim'
  returning m.*
),
cut_off as (
  update messages m
  set status = 'unknown', lease_until = null, last_error = '${CUT_OFF}', updated_at = now()
  from locked l
  where m.id = l.id and l.verdict = 'cut_off'
  returning m.id, m.client_id, m.attempts, m.provider
),
told as (
  insert into message_events (message_id, client_id, type, attempt, provider, recipient, detail)
  select id, client_id, type, attempts, provider, recipient, detail
  from (
    select 1 as n, 0 as position, id, client_id, 'attempted'::message_event_type as type, attempts,
      null as provider, null as recipient, null as detail
    from claimed
    union all
    select 2, t.position, c.id, c.client_id, 'suppressed', c.attempts, null, t.email, 'on the suppression list: ' || t.reason
    from touched t join claimed c on c.id = t.message_id
    where t.status = 'suppressed' and t.was <> 'suppressed'
    union all
    select 1, 0, id, client_id, 'unknown', attempts, provider, null, '${CUT_OFF}' from cut_off
  ) event
  order by id, n, position
),
recipients as materialized (
  select message_id, json_agg(json_build_object(
    'position', position, 'kind', kind, 'email', email, 'name', name, 'status', status) order by position) as list
  from touched
  group by message_id
)
select l.id::text as id, l.verdict, l.status::text as status, l.wait_ms, r.list as recipients,
  c.client_id::text as client_id, c.mode::text as mode, c.trace_id, c.template_version_id::text as template_version_id,
  c.template_name, c.props, c.locale, c.html, c.text, c.body_blob, c.kept_body_blob, c.given_subject, c.subject, c.from_address,
  to_json(c.reply_to) as reply_to, c.headers::json as headers, c.priority::text as priority, c.unsubscribe_secret, c.attempts,
  c.render_hash, extract(epoch from c.created_at)::float8 * 1000 as created_at_ms,
  extract(epoch from c.scheduled_at)::float8 * 1000 as scheduled_at_ms, o.provider as bound_to,
  exists (select from message_attachments a where a.message_id = c.id) as has_attachments
from locked l
left join claimed c on c.id = l.id
left join recipients r on r.message_id = c.id
left join clients o on o.id = c.client_id`;

type ClaimRow = {
  id: string;
  verdict: 'claim' | 'wait' | 'ended' | 'cut_off';
  status: MessageStatus;
  wait_ms: number | null;
  recipients: ClaimedRecipient[] | null;
  client_id: string;
  mode: ClaimedMessage['mode'];
  trace_id: string;
  template_version_id: string | null;
  template_name: string | null;
  props: string | null;
  locale: string | null;
  html: string | null;
  text: string | null;
  body_blob: string | null;
  kept_body_blob: string | null;
  given_subject: string | null;
  subject: string | null;
  from_address: string;
  reply_to: string[];
  headers: StringMap & JsonObject;
  priority: ClaimedMessage['priority'];
  unsubscribe_secret: string | null;
  attempts: number;
  render_hash: string | null;
  created_at_ms: number;
  scheduled_at_ms: number | null;
  bound_to: string | null;
  has_attachments: boolean;
};

/** Takes messages for one attempt each, or says of each why not, in one statement. */
export async function claimAll(
  database: Database,
  messageIds: readonly string[],
  leaseMs: number,
): Promise<Settled<ClaimResult>[]> {
  const tokens = new Map(messageIds.map((id) => [id, Bun.randomUUIDv7()]));
  const wanted = [...tokens].map(([id, token]) => ({ id, token }));
  const rows = await database.query<ClaimRow>(CLAIM, [JSON.stringify(wanted), leaseMs]);
  const found = new Map(rows.map((row) => [row.id, row]));
  return messageIds.map((id): Settled<ClaimResult> => {
    const token = tokens.get(id);
    // A job that came twice to the same batch: one of them has the message.
    if (token === undefined) return { ok: true, value: { kind: 'leased', forMs: TWICE_MS } };
    tokens.delete(id);
    return { ok: true, value: toResult(found.get(id), { messageId: id, token }) };
  });
}

function toResult(row: ClaimRow | undefined, lease: { messageId: string; token: string }): ClaimResult {
  switch (row?.verdict) {
    case undefined:
      return { kind: 'missing' };
    case 'claim':
      return { kind: 'claimed', lease, message: toMessage(row), recipients: row.recipients ?? [] };
    case 'wait':
      return { kind: 'leased', forMs: Math.max(row.wait_ms ?? 0, 0) };
    case 'cut_off':
      return { kind: 'ended', status: 'unknown' };
    case 'ended':
      return { kind: 'ended', status: row.status };
  }
}

function toMessage(row: ClaimRow): ClaimedMessage {
  return {
    id: row.id,
    clientId: row.client_id,
    mode: row.mode,
    traceId: row.trace_id,
    templateVersionId: row.template_version_id,
    templateName: row.template_name,
    props: row.props,
    locale: row.locale,
    html: row.html,
    text: row.text,
    bodyBlob: row.body_blob,
    keptBodyBlob: row.kept_body_blob,
    givenSubject: row.given_subject,
    subject: row.subject,
    fromAddress: row.from_address,
    replyTo: row.reply_to,
    headers: row.headers,
    priority: row.priority,
    unsubscribeSecret: row.unsubscribe_secret,
    attempts: row.attempts,
    renderHash: row.render_hash,
    createdAt: new Date(row.created_at_ms),
    dueAtMs: row.scheduled_at_ms ?? row.created_at_ms,
    boundTo: row.bound_to,
    hasAttachments: row.has_attachments,
  };
}
