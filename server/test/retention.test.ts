import { afterAll, beforeAll, expect, test } from 'bun:test';
import { eq, inArray } from 'drizzle-orm';
import { messageEvents, messages } from '../src/db/schema.ts';
import { pruneBatch, type RetentionKind } from '../src/lib/db/retention.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { startRetention } from '../src/worker/retention.ts';
import { insertHandedOver } from './support/handed-over.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const DAY_MS = 86_400_000;

describeOnBothProfiles('retention', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  /** Messages of a client of their own, as old as they are said to be. */
  const create = async (daysOld: number, count = 1, status: 'sent' | 'unknown' = 'sent') => {
    const made = Date.now() - daysOld * DAY_MS;
    const ids = Array.from({ length: count }, () => Bun.randomUUIDv7('hex', made));
    await insertHandedOver(system.database, ids, { clientId: system.clientId, status });
    await system.database.db
      .update(messages)
      .set({ createdAt: new Date(made), updatedAt: new Date(made) })
      .where(inArray(messages.id, ids));
    return ids;
  };
  const pruneAll = async (kind: RetentionKind, days: number): Promise<number> => {
    const before = new Date(Date.now() - days * DAY_MS);
    const deps = { database: system.database, blobs: system.profile.blobs };
    let after: string | null = null;
    let removed = 0;
    do {
      const result = await pruneBatch(deps, { kind, before, after, limit: 3 });
      removed += result.removed;
      after = result.next;
    } while (after !== null);
    return removed;
  };
  const rowOf = async (id: string) => {
    const [row] = await system.database.db.select().from(messages).where(eq(messages.id, id));
    return row;
  };
  const eventsOf = (id: string) =>
    system.database.db.select().from(messageEvents).where(eq(messageEvents.messageId, id));
  const first = (ids: readonly string[]) => ids[0] ?? '';

  test('content goes when its time is over, and is neither shown nor sent any more', async () => {
    const [old, young, unknown] = [await create(31, 7), await create(29), await create(31, 1, 'unknown')];
    expect(await pruneAll('bodies', 30)).toBe(7);
    expect(await pruneAll('bodies', 30)).toBe(0);
    expect(await rowOf(first(old))).toMatchObject({ status: 'sent', html: null, text: '', subject: 'x' });
    expect(await rowOf(first(young))).toMatchObject({ text: 'x' });
    expect(await rowOf(first(unknown))).toMatchObject({ text: 'x' });
    const answer = await system.call('GET', `/v1/messages/${first(old)}/content`, { key: system.keys.live });
    expect([answer.status, answer.body.code]).toEqual([422, 'template_render_failed']);
    // Even where a person insists.
    await system.database.db
      .update(messages)
      .set({ status: 'failed' })
      .where(eq(messages.id, first(old)));
    const mails = system.sink.mails.length;
    await system.call('POST', `/v1/messages/${first(old)}/retry`, { key: system.keys.live });
    expect(await system.waitUntilEnded(first(old))).toMatchObject({ status: 'failed' });
    expect(system.sink.mails.length).toBe(mails);
  }, 60_000);

  test('kept bodies and attachments leave blob storage too', async () => {
    const attachment = { filename: 'a.txt', content: btoa('a') };
    const id = await system.send({
      to: 'ada@example.net',
      subject: 'x',
      text: 'x'.repeat(70_000),
      attachments: [attachment],
    });
    await system.waitUntilEnded(id);
    const keys = [`body/${id}`, `attachment/${id}/0`];
    for (const key of keys) expect(await system.profile.blobs.get(key)).not.toBeNull();
    await pruneAll('bodies', -1);
    for (const key of keys) expect(await system.profile.blobs.get(key)).toBeNull();
  }, 60_000);

  test('timelines and messages go each in their time, the inbox too', async () => {
    const [old, older] = [first(await create(91)), first(await create(366))];
    const kept = await system.send({ to: 'ada@example.net', subject: 'x', text: 'x' }, system.keys.test);
    await system.waitUntilEnded(kept, system.keys.test);
    expect((await system.call('GET', `/v1/inbox/${kept}`, { key: system.keys.test })).status).toBe(200);
    await pruneAll('events', 90);
    expect([(await eventsOf(old)).length, (await eventsOf(kept)).length > 0]).toEqual([0, true]);
    expect(await pruneAll('messages', 365)).toBe(1);
    expect([await rowOf(older), (await rowOf(old))?.status]).toEqual([undefined, 'sent']);
    await pruneAll('inbox', -1);
    expect((await system.call('GET', `/v1/inbox/${kept}`, { key: system.keys.test })).status).toBe(404);
    expect((await rowOf(kept))?.text).toBe('x');
  }, 60_000);

  test('one of several instances does it, and another when that one is gone', async () => {
    await createClient(system.call, system.keys.admin);
    const id = first(await create(400));
    // The service itself holds the lease, or has given it back.
    await system.database.query('delete from service_leases where name = $1', ['retention']);
    const retention = startRetention({
      database: system.database,
      blobs: system.profile.blobs,
      logger: createLogger({ level: 'silent' }),
      days: { inbox: 30, bodies: 30, events: 90, messages: 365 },
    });
    try {
      await waitFor('the message to be removed', async () => ((await rowOf(id)) ? null : true));
    } finally {
      await retention.stop();
    }
    const left = await system.database.query('select name from service_leases where name = $1', [
      'retention',
    ]);
    expect(left).toEqual([]);
  }, 60_000);
});
