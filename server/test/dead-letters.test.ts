import { afterAll, beforeAll, expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import { insertDeadLetters } from '../src/lib/db/dead-letters.ts';
import { insertHandedOver } from './support/handed-over.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

type Client = Awaited<ReturnType<typeof createClient>>;

describeOnBothProfiles('dead letters', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  /** Failed messages with their letters, of a client that no other test has. */
  const bury = async (
    client: Client,
    count: number,
    {
      reason = '550 no such user',
      provider = 'ses',
      mode = 'live',
    }: { reason?: string; provider?: string; mode?: 'live' | 'test' } = {},
  ): Promise<string[]> => {
    const ids = Array.from({ length: count }, () => Bun.randomUUIDv7());
    const { database } = system;
    await insertHandedOver(database, ids, {
      clientId: client.clientId,
      status: 'failed',
      provider,
      mode,
      attempts: 20,
    });
    const list = JSON.stringify(ids);
    await database.db.execute(sql`
      update messages set last_error = ${reason}
      where id in (select value::uuid from json_array_elements_text((${list}::text)::json))`);
    await database.transaction((tx) => insertDeadLetters(tx, ids));
    return ids;
  };
  const newClient = () => createClient(system.call, system.keys.admin);
  const list = async (key: string, query = '') => {
    const answer = await system.call('GET', `/v1/dead-letters${query}`, { key });
    const data: unknown[] = Array.isArray(answer.body.data) ? answer.body.data : [];
    const ids = data.map((item) =>
      typeof item === 'object' && item && 'messageId' in item ? item.messageId : null,
    );
    return { ...answer, data, ids };
  };
  const statusOf = async (id: string, key: string) =>
    (await system.call('GET', `/v1/messages/${id}`, { key })).body.status;

  test('a list is newest first, and its pages hold each letter once', async () => {
    const client = await newClient();
    const ids = await bury(client, 5);
    const first = await list(client.live, '?limit=2');
    const second = await list(client.live, `?limit=2&cursor=${String(first.body.nextCursor)}`);
    const third = await list(client.live, `?limit=2&cursor=${String(second.body.nextCursor)}`);
    expect([...first.ids, ...second.ids, ...third.ids]).toEqual(ids.toReversed());
    expect(third.body.nextCursor).toBeNull();
    expect(first.data[0]).toEqual({
      messageId: ids[4],
      clientId: client.clientId,
      template: null,
      provider: 'ses',
      reason: '550 no such user',
      attempts: 20,
      recipient: 'ada@example.net',
      subject: 'x',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('one letter has the whole history', async () => {
    const client = await newClient();
    const [id] = await bury(client, 1);
    const { status, body } = await system.call('GET', `/v1/dead-letters/${id}`, { key: client.live });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      messageId: id,
      history: [{ type: 'handed_over', provider: 'ses', attempt: 1 }],
    });
  });

  test('filters by provider, template, words of the reason and time', async () => {
    const client = await newClient();
    const [gone] = await bury(client, 1, { reason: '550 No Such User 100%' });
    const [full] = await bury(client, 1, { reason: '552 mailbox_full', provider: 'backup' });
    const found = async (query: string) => (await list(client.live, `?${query}`)).ids;
    expect(await found('provider=backup')).toEqual([full]);
    expect(await found('reason=such%20user')).toEqual([gone]);
    // Words, not patterns.
    expect(await found('reason=%25')).toEqual([gone]);
    expect(await found('reason=mailbox_')).toEqual([full]);
    expect(await found('reason=mailbox.')).toEqual([]);
    expect(await found("reason=x'%20or%20'1'='1")).toEqual([]);
    expect(await found('template=welcome')).toEqual([]);
    expect(await found('since=2999-01-01T00:00:00Z')).toEqual([]);
    expect(await found('until=2999-01-01T00:00:00Z&since=2000-01-01T00:00:00Z')).toEqual([full, gone]);
  });

  test.each([
    'reason=%00',
    'limit=0',
    'since=yesterday',
    'since=2026-99-99T00:00:00Z',
    'cursor=x',
    'client=1',
    'clientId=1',
  ])('refuses the query %s', async (query) => {
    expect((await list(system.keys.live, `?${query}`)).status).toBe(422);
  });

  test('a client sees its own of its mode, an administrator all', async () => {
    const [one, two] = [await newClient(), await newClient()];
    const [ofOne, ofTwo, ofTest] = [
      ...(await bury(one, 1)),
      ...(await bury(two, 1)),
      ...(await bury(one, 1, { mode: 'test' })),
    ];
    expect((await list(one.live)).ids).toEqual([ofOne]);
    expect((await list(one.test)).ids).toEqual([ofTest]);
    expect((await list(one.live, `?clientId=${two.clientId}`)).ids).toEqual([]);
    const { admin } = system.keys;
    expect((await list(admin, `?clientId=${two.clientId}`)).ids).toEqual([ofTwo]);
    expect((await list(admin, '?limit=100')).ids).toEqual(expect.arrayContaining([ofOne, ofTwo, ofTest]));
    for (const [method, path] of [
      ['GET', `/v1/dead-letters/${ofTwo}`],
      ['DELETE', `/v1/dead-letters/${ofTwo}`],
      ['POST', `/v1/dead-letters/${ofTwo}/retry`],
      ['GET', '/v1/dead-letters/nothing'],
    ] as const)
      expect((await system.call(method, path, { key: one.live })).status).toBe(404);
    for (const action of ['retry', 'discard'])
      expect(
        (
          await system.call('POST', `/v1/dead-letters/${action}`, {
            key: one.test,
            body: { clientId: two.clientId },
          })
        ).body,
      ).toMatchObject({ hasMore: false });
    expect((await list(two.live)).ids).toEqual([ofTwo]);
    expect((await list(one.live)).ids).toEqual([ofOne]);
  });

  test('one is retried: it is sent, and its letter gone', async () => {
    const client = await newClient();
    const [id = ''] = await bury(client, 1);
    const answer = await system.call('POST', `/v1/dead-letters/${id}/retry`, { key: client.live });
    expect([answer.status, answer.body]).toEqual([200, { messageId: id, status: 'queued' }]);
    expect((await list(client.live)).ids).toEqual([]);
    expect(await system.waitUntilEnded(id, client.live)).toMatchObject({ status: 'sent', attempts: 1 });
    expect((await system.call('POST', `/v1/dead-letters/${id}/retry`, { key: client.live })).status).toBe(
      404,
    );
  });

  test('by filter exactly those that meet it are retried, and the count is exact', async () => {
    const client = await newClient();
    const wanted = await bury(client, 7, { reason: '421 too busy' });
    const left = await bury(client, 3, { reason: '550 gone' });
    const { status, body } = await system.call('POST', '/v1/dead-letters/retry', {
      key: client.live,
      body: { reason: 'too busy' },
    });
    expect([status, body]).toEqual([200, { retried: 7, hasMore: false }]);
    expect((await list(client.live)).ids).toEqual(left.toReversed());
    for (const id of wanted)
      expect(await system.waitUntilEnded(id, client.live)).toMatchObject({ status: 'sent' });
    expect(await statusOf(left[0] ?? '', client.live)).toBe('failed');
  });

  test('two who retry the same at once count each letter once', async () => {
    const client = await newClient();
    await bury(client, 40);
    const retry = () => system.call('POST', '/v1/dead-letters/retry', { key: client.live, body: {} });
    const answers = await Promise.all([retry(), retry(), retry()]);
    expect(answers.reduce((total, { body }) => total + Number(body.retried), 0)).toBe(40);
  });

  test('discarding takes the letter and leaves the message failed', async () => {
    const client = await newClient();
    const [first = '', ...others] = await bury(client, 4);
    const one = await system.call('DELETE', `/v1/dead-letters/${first}`, { key: client.live });
    expect(one.status).toBe(204);
    const rest = await system.call('POST', '/v1/dead-letters/discard', {
      key: client.live,
      body: { provider: 'ses' },
    });
    expect(rest.body).toEqual({ discarded: 3, hasMore: false });
    expect((await list(client.live)).ids).toEqual([]);
    for (const id of [first, ...others]) expect(await statusOf(id, client.live)).toBe('failed');
    // A message without its letter can be retried all the same.
    const retried = await system.call('POST', `/v1/messages/${first}/retry`, { key: client.live });
    expect(retried.status).toBe(200);
  });

  test('more than a batch is walked to its end', async () => {
    const client = await newClient();
    await bury(client, 1203);
    const { body } = await system.call('POST', '/v1/dead-letters/discard', { key: client.live, body: {} });
    expect(body).toEqual({ discarded: 1203, hasMore: false });
  });

  test.each([[undefined], [[]], [{ reasons: 'x' }], [{ reason: '' }], [{ reason: 'a\0b' }]])(
    'refuses %j as a filter, so that nothing is retried or discarded by mistake',
    async (body) => {
      const client = await newClient();
      const ids = await bury(client, 1);
      for (const action of ['retry', 'discard']) {
        const options = body === undefined ? {} : { body };
        const answer = await system.call('POST', `/v1/dead-letters/${action}`, {
          key: client.live,
          ...options,
        });
        expect(answer.status).toBe(422);
      }
      expect((await list(client.live)).ids).toEqual(ids);
    },
  );

  test('needs a key, to read with `read` and to act with `send`', async () => {
    const client = await newClient();
    const [id] = await bury(client, 1);
    const createKey = async (scopes: string[]) => {
      const path = `/v1/clients/${client.clientId}/keys`;
      const { body } = await system.call('POST', path, {
        key: system.keys.admin,
        body: { name: 'k', scopes },
      });
      return String(body.key);
    };
    const [reader, sender] = [await createKey(['read']), await createKey(['send'])];
    expect((await list(reader)).status).toBe(200);
    expect((await list(sender)).status).toBe(403);
    expect((await system.call('GET', `/v1/dead-letters/${id}`, { key: sender })).status).toBe(403);
    const actions = [
      ['POST', `/v1/dead-letters/${id}/retry`, undefined],
      ['POST', '/v1/dead-letters/retry', {}],
      ['POST', '/v1/dead-letters/discard', {}],
      ['DELETE', `/v1/dead-letters/${id}`, undefined],
    ] as const;
    for (const [method, path, body] of actions) {
      const options = body === undefined ? {} : { body };
      expect((await system.call(method, path, options)).status).toBe(401);
      expect((await system.call(method, path, { key: reader, ...options })).status).toBe(403);
    }
    expect((await list(reader)).ids).toEqual([id]);
  });
});
