import { sql } from 'drizzle-orm';
import type { Database } from '../../src/lib/db/database.ts';
import type { MessageStatus } from '../../src/lib/messages/status.ts';

export type HandedOver = {
  clientId: string;
  status?: MessageStatus;
  mode?: 'live' | 'test';
  provider?: string;
  providerMessageId?: string | null;
  recipients?: readonly string[];
  attempts?: number;
};

/**
 * Writes messages as a worker leaves them after their hand-over, all alike, in one statement: thousands of them need not
 * be sent. No worker touches them in the states that they are made in.
 */
export async function insertHandedOver(
  { db }: Database,
  ids: readonly string[],
  {
    clientId,
    status = 'sent',
    mode = 'live',
    provider = 'ses',
    providerMessageId = null,
    recipients = ['ada@example.net'],
    attempts = 1,
  }: HandedOver,
): Promise<void> {
  const list = JSON.stringify(ids);
  const emails = JSON.stringify(recipients.map((email, position) => ({ email, position })));
  await db.execute(sql`
    with ids as (select value::uuid as id from json_array_elements_text((${list}::text)::json)),
    made as (
      insert into messages (id, client_id, mode, status, trace_id, text, subject, from_address, recipient, provider,
        provider_msg_id, attempts, handed_over_at)
      select id, ${clientId}::uuid, ${mode}::key_mode, ${status}::message_status, ${'0'.repeat(32)}, 'x', 'x',
        'shop@example.com', ${recipients[0] ?? ''}, ${provider}, ${providerMessageId}, ${attempts}::int, now()
      from ids returning id
    ),
    addressed as (
      insert into message_recipients (message_id, position, client_id, kind, email, status)
      select made.id, r.position, ${clientId}::uuid, 'to', r.email, ${status}::message_status
      from made, json_to_recordset((${emails}::text)::json) as r(email text, position int)
    )
    insert into message_events (message_id, client_id, type, attempt, provider)
    select id, ${clientId}::uuid, 'handed_over', 1, ${provider} from made`);
}
