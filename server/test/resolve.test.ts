import { afterAll, beforeAll, expect, test } from 'bun:test';
import { insertHandedOver, type HandedOver } from './support/handed-over.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

describeOnBothProfiles('what a person decides about a message', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const create = async (facts: Partial<HandedOver> = {}): Promise<string> => {
    const id = Bun.randomUUIDv7();
    const email = `${id}@example.net`;
    await insertHandedOver(system.database, [id], {
      clientId: system.clientId,
      recipients: [email],
      ...facts,
    });
    return id;
  };
  const post = (path: string, body?: unknown, key = system.keys.live) =>
    system.call('POST', `/v1/messages/${path}`, { key, ...(body === undefined ? {} : { body }) });
  const find = async (id: string) =>
    (await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live })).body;
  const eventsOf = async (id: string): Promise<Record<string, unknown>[]> => {
    const { body } = await system.call('GET', `/v1/messages/${id}/events`, { key: system.keys.live });
    return Array.isArray(body.data) ? body.data : [];
  };
  const prefixOf = (key: string) => key.split('_')[2] ?? '';
  const createKey = async (scopes: string[], clientId = system.clientId) => {
    const { body } = await system.call('POST', `/v1/clients/${clientId}/keys`, {
      key: system.keys.admin,
      body: { name: scopes.join(), scopes },
    });
    return String(body.key);
  };

  test('unknown, resolved as sent: the timeline says by whom', async () => {
    const id = await create({ status: 'unknown' });
    const answer = await post(`${id}/resolve`, { as: 'sent' });
    expect([answer.status, answer.body]).toEqual([200, { messageId: id, status: 'sent' }]);
    expect(await find(id)).toMatchObject({
      status: 'sent',
      lastError: null,
      recipients: [{ status: 'sent' }],
    });
    expect((await eventsOf(id)).slice(1)).toMatchObject([
      { type: 'resolved', detail: `as sent by key ${prefixOf(system.keys.live)}` },
      { type: 'sent' },
    ]);
  });

  test('unknown, resolved as failed by an administrator: a dead letter', async () => {
    const id = await create({ status: 'unknown' });
    expect((await post(`${id}/resolve`, { as: 'failed' }, system.keys.admin)).status).toBe(200);
    const by = `by admin key ${prefixOf(system.keys.admin)}`;
    expect(await find(id)).toMatchObject({ status: 'failed', lastError: `resolved as failed ${by}` });
    expect(await system.timelineOf(id)).toEqual(['handed_over', 'resolved', 'failed']);
    const letter = await system.call('GET', `/v1/dead-letters/${id}`, { key: system.keys.live });
    expect(letter.body).toMatchObject({ messageId: id, reason: `resolved as failed ${by}` });
  });

  test('unknown, resolved as retry: it is sent again, to whom it concerns only', async () => {
    system.sink.setPlan({ message: () => 'drop' });
    const id = await system.send({ to: 'again@example.net', subject: 'Again', text: 'x' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'unknown' });
    system.sink.setPlan({});
    expect((await post(`${id}/resolve`, { as: 'retry' })).body).toEqual({ messageId: id, status: 'queued' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent', attempts: 1 });
    expect(system.sink.mails.filter(({ to }) => to.includes('again@example.net'))).toHaveLength(2);
    const timeline = await system.timelineOf(id);
    expect(timeline).toContain('resolved');
    expect(timeline.slice(timeline.indexOf('resolved'), timeline.indexOf('resolved') + 3)).toEqual([
      'resolved',
      'retried',
      'attempted',
    ]);
  });

  test('of many at once exactly one resolves', async () => {
    const id = await create({ status: 'unknown' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => post(`${id}/resolve`, { as: index % 2 ? 'sent' : 'failed' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 409),
    ]);
    expect((await system.timelineOf(id)).filter((type) => type === 'resolved')).toHaveLength(1);
  });

  test.each(['queued', 'sent', 'delivered', 'bounced', 'failed', 'canceled'] as const)(
    'a message that is %s has nothing to resolve',
    async (status) => {
      // Without a job, and younger than what the reconciler looks for.
      const id = await create({ status });
      const answer = await post(`${id}/resolve`, { as: 'sent' });
      expect([answer.status, answer.body.code]).toEqual([409, 'not_resolvable']);
    },
  );

  test('failed, retried: with all attempts before it, and only for those who failed', async () => {
    let refusals = 0;
    system.sink.setPlan({
      recipient: (address) =>
        address === 'gone@example.net' && refusals++ === 0 ? { code: 550, text: 'no such user' } : null,
    });
    const id = await system.send({ to: ['here@example.net', 'gone@example.net'], subject: 'Two', text: 'x' });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'failed' });
    const answer = await post(`${id}/retry`);
    expect([answer.status, answer.body]).toEqual([200, { messageId: id, status: 'queued' }]);
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent', attempts: 1 });
    system.sink.setPlan({});
    const mails = system.sink.mails.filter(({ to }) => to.some((address) => /^(here|gone)@/.test(address)));
    expect(mails.map(({ to }) => to)).toEqual([['here@example.net'], ['gone@example.net']]);
    const retried = (await eventsOf(id)).find(({ type }) => type === 'retried');
    expect(retried?.['detail']).toBe(`by key ${prefixOf(system.keys.live)}`);
    expect((await system.call('GET', `/v1/dead-letters/${id}`, { key: system.keys.live })).status).toBe(404);
  });

  test('of many retries at once exactly one counts', async () => {
    const id = await create({ status: 'failed' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(`${id}/retry`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 409),
    ]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('not_retryable');
    await system.waitUntilEnded(id);
    expect(system.sink.mails.filter(({ to }) => to.includes(`${id}@example.net`))).toHaveLength(1);
  });

  test.each(['sent', 'delivered', 'bounced', 'unknown', 'canceled', 'suppressed'] as const)(
    'a message that is %s cannot be retried',
    async (status) => {
      const answer = await post(`${await create({ status })}/retry`);
      expect([answer.status, answer.body.code]).toEqual([409, 'not_retryable']);
    },
  );

  test('a retry needs no body, whatever the content type says', async () => {
    const id = await create({ status: 'failed' });
    const headers = { 'content-type': 'application/json' };
    const answer = await system.call('POST', `/v1/messages/${id}/retry`, { key: system.keys.live, headers });
    expect(answer.status).toBe(200);
  });

  test('nobody acts on the messages of another client or mode, nor on what is no id', async () => {
    const other = await createClient(system.call, system.keys.admin);
    const [unknown, failed] = [await create({ status: 'unknown' }), await create({ status: 'failed' })];
    for (const key of [other.live, system.keys.test]) {
      expect((await post(`${unknown}/resolve`, { as: 'sent' }, key)).status).toBe(404);
      expect((await post(`${failed}/retry`, undefined, key)).status).toBe(404);
    }
    for (const id of ["x'%20or%20''='", '%00', '..%2f..', unknown.toUpperCase()]) {
      expect((await post(`${id}/resolve`, { as: 'sent' })).status).toBe(404);
      expect((await post(`${id}/retry`)).status).toBe(404);
    }
    expect([await find(unknown), await find(failed)]).toMatchObject([
      { status: 'unknown' },
      { status: 'failed' },
    ]);
  });

  test('needs a key, with the scope to send', async () => {
    const id = await create({ status: 'unknown' });
    const reader = await createKey(['read', 'templates']);
    expect((await post(`${id}/resolve`, { as: 'sent' }, reader)).body.code).toBe('scope_missing');
    expect((await post(`${id}/retry`, undefined, reader)).body.code).toBe('scope_missing');
    expect((await system.call('POST', `/v1/messages/${id}/retry`)).status).toBe(401);
    expect((await system.call('POST', `/v1/messages/${id}/resolve`, { body: { as: 'sent' } })).status).toBe(
      401,
    );
  });

  test.each([[{ as: 'delivered' }], [{}], [{ as: 'sent', force: true }], [[]], [undefined]])(
    'refuses %j as a resolution',
    async (body) => {
      const id = await create({ status: 'unknown' });
      expect((await post(`${id}/resolve`, body)).status).toBe(422);
      expect((await find(id)).status).toBe('unknown');
    },
  );
});
