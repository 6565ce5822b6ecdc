/** Whose rows {@link fillTables} makes the most of: half of all. */
export const BUSY_CLIENT = '00000000-0000-7000-8000-000000000000';

/** When the first of its messages was accepted; one every three seconds followed. */
export const FIRST_MESSAGE_AT = Date.UTC(2026, 0, 1);
export const MESSAGE_EVERY_MS = 3000;

/** The template that {@link fillCatalogue} gives the most versions. */
export const LONG_TEMPLATE = '00000000-0000-7000-8000-000000000100';

const CHUNK = 50_000;

/** What people make, and not every message: enough that nobody wants to read all of it. */
const CATALOGUE_SIZE = 20_000;

const BIG_TABLES = [
  'messages',
  'message_recipients',
  'message_keys',
  'message_events',
  'dead_letters',
  'suppressions',
  'idempotency_keys',
  'inbox_messages',
  'webhook_deliveries',
  'webhook_attempts',
];

const CATALOGUE_TABLES = [
  'clients',
  'api_keys',
  'templates',
  'template_versions',
  'webhook_endpoints',
  'breaker_changes',
];

/** Tables that {@link fillCatalogue} fills: a list must not read them from end to end either. */
export function isCatalogueTable(name: string): boolean {
  return CATALOGUE_TABLES.includes(name);
}

/** Tables that grow with every message, and must not be read from end to end. */
export function isBigTable(name: string): boolean {
  return BIG_TABLES.includes(name);
}

/**
 * Fills a migrated, empty database with this many messages and what belongs to them, as the planner finds it after a while; or, not
 * analyzed, as it finds a young one.
 */
export async function fillTables(
  url: string,
  messages: number,
  { isAnalyzed = true }: { isAnalyzed?: boolean } = {},
): Promise<void> {
  const sql = new Bun.SQL(url, { max: 1 });
  try {
    await sql.unsafe('set synchronous_commit = off');
    await sql.unsafe(OWNERS);
    for (let from = 0; from < messages; from += CHUNK) {
      const to = Math.min(from + CHUNK, messages);
      await sql.unsafe(MESSAGES, [from + 1, to]);
    }
    await sql.unsafe(OTHERS);
    if (isAnalyzed) await sql.unsafe('vacuum analyze');
  } finally {
    await sql.close();
  }
}

/** Adds clients without messages, each with a key, a template and an endpoint of its own, and years of a provider's breaker. */
export async function fillCatalogue(url: string): Promise<void> {
  const sql = new Bun.SQL(url, { max: 1 });
  try {
    await sql.unsafe(CATALOGUE);
    await sql.unsafe(`vacuum analyze ${CATALOGUE_TABLES.join(', ')}`);
  } finally {
    await sql.close();
  }
}

const CLIENT = (n: string) => `('00000000-0000-7000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;

const OWNERS = `
insert into clients (id, name) select ${CLIENT('n')}, 'client ' || n from generate_series(0, 9) n;
insert into webhook_endpoints (id, client_id, mode, url, events, secret)
select ${CLIENT('n')}, ${CLIENT('n')}, 'live', 'https://example.com', '{*}', 'x' from generate_series(0, 9) n`;

/** Mostly delivered; the last hundred are on their way. Every third is tagged, and every tenth has a second recipient. */
const MESSAGES = `
with numbered as (
  select n, timestamptz '2026-01-01T00:00:00Z' + n * interval '${MESSAGE_EVERY_MS} milliseconds' as at, md5(n::text) as hash
  from generate_series($1::int, $2::int) n
),
made as (
  insert into messages (id, client_id, mode, status, trace_id, template_name, template_version, props, subject, from_address, tags,
    recipient, provider, provider_msg_id, attempts, scheduled_at, created_at, updated_at)
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
    ${CLIENT('greatest(0, n % 20 - 10)')}, case when n % 25 = 0 then 'test' else 'live' end::key_mode,
    (case when n % 1000 = 1 then 'failed' when n % 1000 = 2 then 'bounced' when n % 2000 = 3 then 'scheduled' when n % 5000 = 4 then 'queued'
      when n % 7 = 0 then 'sent' else 'delivered' end)::message_status,
    md5('trace' || n), 'template-' || (sqrt(n % 400))::int, n % 3 + 1, repeat('x', 200), 'x', 'a@example.com',
    case when n % 3 = 0 then jsonb_build_object('campaign', 'c' || n % 50) else '{}' end,
    'user' || n % 100000 || '@example.net', case when n % 50 = 0 then 'smtp' else 'ses' end, hash, 1, at, at, at
  from numbered
  returning id, client_id, recipient, status, created_at
),
addressed as (
  insert into message_recipients (message_id, position, client_id, kind, email, status)
  select id, 0, client_id, 'to'::recipient_kind, recipient, status from made
  union all
  select id, 1, client_id, 'cc'::recipient_kind, 'boss@example.net', status from made where right(recipient, 13) = '0@example.net'
)
insert into message_events (message_id, client_id, type, attempt, created_at)
select id, client_id, type, 1, created_at from made, unnest('{accepted,sent}'::message_event_type[]) type`;

const OTHERS = `
insert into dead_letters (message_id, client_id, template_name, provider, reason, attempts, history, created_at)
  select id, client_id, template_name, provider, 'refused', 1, '[]', created_at + interval '1 hour' from messages where right(trace_id, 1) = '0';
insert into inbox_messages (id, client_id, mode, envelope_from, envelope_to, mime, received_at)
  select id, client_id, mode, 'a@example.com', '{}', '', created_at from messages where mode = 'test';
insert into suppressions (id, client_id, email, reason)
  select id, client_id, 's' || id || '@example.net', 'hard_bounce' from messages where right(trace_id, 1) = '1';
insert into idempotency_keys (owner_id, mode, method, path, key, request_hash, expires_at)
  select client_id, mode, 'POST', '/v1/messages', id::text, 'x', now() + interval '1 day' from messages;
insert into webhook_deliveries (id, endpoint_id, event_id, message_id, type, payload, status)
  select m.id, m.client_id, e.id, m.id, 'message.sent', 'x', 'delivered'
  from messages m join message_events e on e.message_id = m.id and e.type = 'sent' where right(m.trace_id, 1) < '4';
insert into webhook_attempts (delivery_id, number, started_at, duration_ms)
  select id, 1, now(), 1 from webhook_deliveries`;

/** The busy client has some of each as well; one in a thousand clients is suspended, and one breaker in a thousand is a rare one's. */
const CATALOGUE = `
insert into clients (id, name, status)
  select ${CLIENT('n')}, 'client ' || n, case when n % 1000 = 0 then 'suspended' else 'active' end::client_status
  from generate_series(10, ${CATALOGUE_SIZE}) n;
insert into api_keys (id, client_id, name, api_key_prefix, api_secret_hash, scopes, mode)
  select ${CLIENT('n')}, ${CLIENT('case when n % 1000 = 0 then 0 else n end')}, 'key', 'prefix' || n, 'x', '{read}', 'live'
  from generate_series(0, ${CATALOGUE_SIZE}) n;
insert into templates (id, client_id, name, current_version)
  select ${CLIENT('n')}, case when n % 2000 = 1 then null else ${CLIENT('case when n % 1000 = 0 then 0 else n end')} end, 'template-' || n, 1
  from generate_series(0, ${CATALOGUE_SIZE}) n;
insert into template_versions (id, template_id, number, content_hash, entry, files, preview_props)
  select gen_random_uuid(), t.id, n, 'x', 'index.tsx', '{}', '{}'
  from templates t, generate_series(1, case when t.id = '${LONG_TEMPLATE}' then 200 else 1 end) n;
insert into webhook_endpoints (id, client_id, mode, url, events, secret)
  select ${CLIENT('n')}, ${CLIENT('case when n % 1000 = 0 then 0 else n end')}, 'live', 'https://example.com', '{*}', 'x'
  from generate_series(10, ${CATALOGUE_SIZE}) n;
insert into breaker_changes (id, provider, kind, reason, worker)
  select ${CLIENT('n')}, case when n % 1000 = 0 then 'rare' else 'ses' end, 'opened', 'x', ${CLIENT('0')}
  from generate_series(0, ${CATALOGUE_SIZE}) n`;
