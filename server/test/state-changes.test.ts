import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type MessageStatus, canBecome } from '../src/lib/messages/status.ts';
import type { EventType } from '../src/lib/messages/outcome.ts';
import { insertRow } from './support/message-rows.ts';
import type { SinkPlan } from './support/smtp-sink.ts';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

/** The lines that tell that a message came to be in a state. */
const TELLING: Record<MessageStatus, readonly EventType[]> = {
  scheduled: ['scheduled'],
  queued: ['deferred', 'due', 'retried', 'resolved'],
  sending: ['attempted'],
  sent: ['sent', 'resolved'],
  delivered: ['delivered', 'resolved'],
  bounced: ['bounced'],
  spam: ['spam'],
  failed: ['failed', 'resolved'],
  canceled: ['canceled'],
  suppressed: ['suppressed'],
  unknown: ['unknown'],
};

/** The database itself notes every change of state and every line of a timeline, with the transaction it was in. */
const WITNESS = [
  'create table witness (message_id uuid, kind text, what text, was text, tx text)',
  `create function witness_status() returns trigger language plpgsql as $$ begin
    insert into witness values (new.id, 'status', new.status::text, old.status::text, pg_current_xact_id()::text); return new; end $$`,
  `create function witness_event() returns trigger language plpgsql as $$ begin
    insert into witness values (new.message_id, 'event', new.type::text, null, pg_current_xact_id()::text); return new; end $$`,
  `create trigger witness_status after update of status on messages for each row
    when (old.status is distinct from new.status) execute function witness_status()`,
  'create trigger witness_event after insert on message_events for each row execute function witness_event()',
];

type Witnessed = { message_id: string; kind: 'status' | 'event'; what: string; was: string; tx: string };

const first = new Set<string>();

const PLAN: SinkPlan = {
  recipient(address) {
    if (address.startsWith('refused')) return { code: 550, text: 'no such user' };
    if (address.startsWith('never')) return { code: 451, text: 'later' };
    if (!address.startsWith('later') || first.has(address)) return null;
    first.add(address);
    return { code: 451, text: 'greylisted' };
  },
  message: ({ to }) => (to[0]?.startsWith('cut') ? 'drop' : null),
};

describeOnBothProfiles('every change of state', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile, { MAX_ATTEMPTS: '2', RETRY_BASE_MS: '20' });
    system.sink.setPlan(PLAN);
    first.clear();
    for (const statement of WITNESS) await system.database.query(statement, []);
  }, 60_000);

  afterAll(() => system.stop());

  const send = (to: string | string[], key?: string) => system.send({ to, subject: 'x', text: 'x' }, key);
  const ended = async (id: string, key?: string) => (await system.waitUntilEnded(id, key)).status;

  test('is one of the table, and told in its own transaction', async () => {
    await system.database.query(
      "insert into suppressions (id, client_id, email, reason) values ($1::uuid, $2::uuid, 'gone@example.net', 'manual')",
      [Bun.randomUUIDv7(), system.clientId],
    );
    const scheduled = await insertRow(system, {
      status: 'scheduled',
      scheduledAt: new Date(),
      to: ['due@example.net'],
    });
    const live = await Promise.all(
      [
        'fine@example.net',
        'refused@example.net',
        'never@example.net',
        'later@example.net',
        'cut@example.net',
        'gone@example.net',
        ['mixed@example.net', 'refused2@example.net'],
        ['partly@example.net', 'gone@example.net'],
      ].map((to) => send(to)),
    );
    const kept = await send('kept@example.net', system.keys.test);
    await waitFor('the scheduled one to be sent', async () =>
      (await ended(scheduled)) === 'sent' ? true : null,
    );
    expect(await Promise.all(live.map((id) => ended(id)))).toEqual([
      'sent',
      'failed',
      'failed',
      'sent',
      'unknown',
      'suppressed',
      'failed',
      'sent',
    ]);
    expect(await ended(kept, system.keys.test)).toBe('delivered');

    const witnessed = await system.database.query<Witnessed>(
      'select message_id::text as message_id, kind, what, was, tx from witness',
      [],
    );
    const told = new Set(
      witnessed.flatMap((row) => (row.kind === 'event' ? [`${row.message_id} ${row.tx} ${row.what}`] : [])),
    );
    const changes = witnessed.filter(({ kind }) => kind === 'status');
    // 11 messages go to `sending` and on, two of them twice; one came from `scheduled`.
    expect(changes.length).toBeGreaterThanOrEqual(25);
    for (const { message_id: id, what, was, tx } of changes) {
      if (!isStatus(what) || !isStatus(was)) throw new Error(`${was} or ${what} is no state`);
      expect(canBecome(was, what), `${was} > ${what}`).toBe(true);
      const isTold = TELLING[what].some((type) => told.has(`${id} ${tx} ${type}`));
      expect(isTold, `${was} > ${what} of ${id} is told in its transaction`).toBe(true);
    }
  }, 90_000);

  test('needs a line that is there: a silent change would be seen', async () => {
    const id = await insertRow(system, { status: 'unknown' });
    await system.database.query("update messages set status = 'failed' where id = $1::uuid", [id]);
    const witnessed = await system.database.query<Witnessed>(
      'select kind, what from witness where message_id = $1::uuid',
      [id],
    );
    expect(witnessed.map(({ kind, what }) => [kind, what])).toEqual([
      ['event', 'accepted'],
      ['status', 'failed'],
    ]);
  });
});

function isStatus(text: string): text is MessageStatus {
  return text in TELLING;
}
