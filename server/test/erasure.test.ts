import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

describeOnBothProfiles('erasure of a recipient', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const newClient = () => createClient(system.call, system.keys.admin);
  const erase = (key: string, email: string) =>
    system.call('DELETE', `/v1/recipients/${encodeURIComponent(email)}`, { key });
  const send = async (key: string, body: Record<string, unknown>): Promise<string> => {
    const id = await system.send({ subject: 'Dear Lovelace', text: 'about Lovelace', ...body }, key);
    await system.waitUntilEnded(id, key);
    return id;
  };

  /** Every text of every table, which is where an address must not be. */
  const everything = async (): Promise<string> => {
    const tables = [
      'messages',
      'message_recipients',
      'message_events',
      'dead_letters',
      'message_attachments',
      'idempotency_keys',
    ];
    const rows = [];
    for (const table of tables)
      rows.push(
        await system.database.query<{ row: string }>(
          `select row_to_json(t)::text as row from ${table} t`,
          [],
        ),
      );
    return rows
      .flat()
      .map(({ row }) => row)
      .join('\n');
  };

  test('nothing of the address is left, and ids and states are', async () => {
    const { live, test: testKey } = await newClient();
    const ids = [
      await send(live, {
        to: 'Ada <Ada.Lovelace@example.net>',
        metadata: { customer: 'ada.lovelace@example.net' },
        tags: { who: 'lovelace' },
      }),
      await send(live, { to: 'bob@example.net', cc: ['ADA.Lovelace@example.net'] }),
    ];
    const kept = await send(testKey, { to: 'Ada.Lovelace@example.net' });
    await system.call('POST', '/v1/suppressions', { key: live, body: { email: 'ada.lovelace@example.net' } });
    const suppressed = await send(live, { to: 'Ada.Lovelace@example.net' });
    const stays = await send(live, { to: 'carl@example.net', subject: 'Dear Carl', text: 'about Carl' });
    expect((await everything()).toLowerCase()).toContain('lovelace');
    const answer = await erase(live, 'ada.lovelace@EXAMPLE.net');
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { messages: 4, inbox: 1, pending: 0, suppressionKept: true },
    ]);
    expect((await everything()).toLowerCase()).not.toContain('lovelace');
    expect((await system.call('GET', `/v1/inbox/${kept}`, { key: testKey })).status).toBe(404);
    const states = [...ids, suppressed].map(async (id) => {
      const { body } = await system.call('GET', `/v1/messages/${id}`, { key: live });
      return [body.id ?? body.messageId, body.status];
    });
    expect(await Promise.all(states)).toMatchObject([
      [ids[0], 'sent'],
      [ids[1], 'sent'],
      [suppressed, 'suppressed'],
    ]);
    expect((await system.call('GET', `/v1/messages/${ids[1]}`, { key: live })).body.recipient).toBe(
      'bob@example.net',
    );
    const other = await system.call('GET', `/v1/messages/${stays}/content`, { key: live });
    expect(other.body).toMatchObject({ subject: 'Dear Carl', text: 'about Carl' });
    // The list is what keeps mail from the person.
    const list = await system.call('GET', '/v1/suppressions', { key: live });
    expect(list.body.data).toMatchObject([{ email: 'ada.lovelace@example.net', messageId: null }]);
    expect((await erase(live, 'ada.lovelace@example.net')).body).toMatchObject({ messages: 0, inbox: 0 });
    expect(system.logLines.filter((line) => line.includes('was erased')).join()).not.toContain('lovelace');
  }, 60_000);

  test('what is still on the way is counted and left', async () => {
    const { live } = await newClient();
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    const id = await system.send({ to: 'eve@example.net', subject: 'x', text: 'x', scheduledAt }, live);
    expect((await erase(live, 'eve@example.net')).body).toMatchObject({ messages: 0, pending: 1 });
    await system.call('POST', `/v1/messages/${id}/cancel`, { key: live });
    expect((await erase(live, 'eve@example.net')).body).toMatchObject({ messages: 1, pending: 0 });
  });

  test("another client's messages, and other addresses, stay", async () => {
    const [one, two] = [await newClient(), await newClient()];
    const id = await send(two.live, { to: 'dan@example.net' });
    expect((await erase(one.live, 'dan@example.net')).body).toMatchObject({ messages: 0 });
    expect((await erase(two.live, 'an@example.net')).body).toMatchObject({ messages: 0 });
    expect((await system.call('GET', `/v1/messages/${id}`, { key: two.live })).body.recipient).toBe(
      'dan@example.net',
    );
  });

  test('needs a live key that may send, and an address', async () => {
    const { live, test: testKey } = await newClient();
    expect((await erase(testKey, 'a@example.net')).body.code).toBe('live_key_required');
    expect((await erase(system.keys.admin, 'a@example.net')).status).toBe(403);
    expect((await erase(live, 'nobody')).body.code).toBe('invalid_request');
    expect((await system.call('DELETE', '/v1/recipients/a@example.net')).status).toBe(401);
  });
});
