import type { Settled } from '../group-commit.ts';
import { toStorableText } from '../messages/storable-text.ts';
import type { Database } from './database.ts';
import { EXPECT_ONE } from './deliveries-sql.ts';
import { type Lease, LeaseLostError, type NewEvent } from './deliveries-types.ts';

export type RenderedFacts = { subject: string; engineVersion: string | null; renderHash: string };

/** That bytes are about to leave: to whom, and what they were made from. */
export type HandOver = {
  lease: Lease;
  provider: string;
  rendered: RenderedFacts;
  /** For the line that tells of the rendering, where there is something to say. */
  detail: string | null;
  /** Where the body is kept as it is sent; null where bodies are not kept. */
  keptBodyBlob: string | null;
  /** What happened on the way to this provider. */
  before: readonly NewEvent[];
};

/**
 * Compares the state as text: as it is, the condition would allow for the index of unfinished messages, and a plan that was made while
 * nobody waited would read the whole of it for each message of a backlog.
 */
const CHECKPOINT = `
with item as materialized (
  select * from json_to_recordset($1::text::json) as t(
    id uuid, token uuid, provider text, subject text, engine_version text, render_hash text, kept_body_blob text)
  where ${EXPECT_ONE}
),
event as materialized (
  select * from json_to_recordset($2::text::json) as t(
    id uuid, n integer, type message_event_type, provider text, recipient text, detail text)
),
locked as materialized (
  select m.id, i.provider, i.subject, i.engine_version, i.render_hash, i.kept_body_blob
  from item i join messages m on m.id = i.id and m.lease_token = i.token and m.status::text = 'sending'
  order by m.id
  for update of m
),
marked as (
  update messages m
  set handed_over_at = now(), provider = l.provider, subject = l.subject, engine_version = l.engine_version,
    render_hash = l.render_hash, kept_body_blob = coalesce(l.kept_body_blob, m.kept_body_blob), updated_at = now()
  from locked l
  where m.id = l.id
  returning m.id, m.client_id, m.attempts
),
told as (
  insert into message_events (message_id, client_id, type, attempt, provider, recipient, detail)
  select m.id, m.client_id, e.type, m.attempts, e.provider, e.recipient, e.detail
  from marked m join event e on e.id = m.id
  order by m.id, e.n
)
select id::text as id from marked`;

/** Commits that bytes are about to leave, for several messages in one statement; each by its own lease. */
export async function checkpointAll(
  database: Database,
  items: readonly HandOver[],
): Promise<Settled<void>[]> {
  const rows = await database.query<{ id: string }>(CHECKPOINT, [
    JSON.stringify(items.map(toItem)),
    JSON.stringify(items.flatMap(toEvents)),
  ]);
  const marked = new Set(rows.map(({ id }) => id));
  return items.map(({ lease: { messageId } }) =>
    marked.has(messageId)
      ? { ok: true, value: undefined }
      : { ok: false, error: new LeaseLostError(messageId) },
  );
}

/**
 * The provider said after the hand-over that it took nothing: from here on a lost worker means another attempt again.
 *
 * @throws LeaseLostError where the message is no longer ours, or has been told of by its provider
 */
export async function revokeHandOver(database: Database, lease: Lease): Promise<void> {
  const rows = await database.query<{ id: string }>(REVOKE, [lease.messageId, lease.token]);
  if (rows.length === 0) throw new LeaseLostError(lease.messageId);
}

/** The state as text: see above. */
const REVOKE = `
update messages set handed_over_at = null, updated_at = now()
where id = $1::uuid and lease_token = $2::uuid and status::text = 'sending'
returning id::text as id`;

function toItem({ lease, provider, rendered, keptBodyBlob }: HandOver) {
  return {
    id: lease.messageId,
    token: lease.token,
    provider,
    subject: toStorableText(rendered.subject),
    engine_version: rendered.engineVersion,
    render_hash: rendered.renderHash,
    kept_body_blob: keptBodyBlob,
  };
}

function toEvents({ lease, provider, detail, before }: HandOver) {
  const events: NewEvent[] = [...before, { type: 'rendered', detail }, { type: 'handed_over', provider }];
  return toEventRows(lease.messageId, events);
}

/** Events as the statements take them, in their order. */
export function toEventRows(id: string, events: readonly NewEvent[]) {
  return events.map(({ type, provider = null, recipient = null, detail = null }, n) => ({
    id,
    n,
    type,
    provider,
    recipient,
    detail: detail === null ? null : toStorableText(detail),
  }));
}
