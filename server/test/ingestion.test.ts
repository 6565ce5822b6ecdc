import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sql } from 'drizzle-orm';
import { messageEvents, messages } from '../src/db/schema.ts';
import { setClientStatus } from '../src/lib/db/clients.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const TEMPLATE = (word: string) =>
  `export const subject = '${word}'; export default ({ n }) => <p>${word} {n}</p>;`;

/** Far enough ahead that no reconciler makes it due while a test looks. */
const LATER_MS = 3_600_000;

const MINUTE_MS = 60_000;

/** As far ahead as a message may be scheduled. */
const LONGEST_MS = 30 * 24 * 60 * MINUTE_MS;

describeOnBothProfiles('accepting messages', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile, { PUBLIC_URL: 'https://mail.example.com/base/' });
  }, 60_000);

  afterAll(() => system.stop());

  const good = (to = 'ada@example.net') => ({ to, subject: 'x', text: 'x' });
  const post = (body: unknown, { key = system.keys.live, path = '/v1/messages', id = '' } = {}) =>
    system.call('POST', path, { key, body, headers: id === '' ? {} : { 'idempotency-key': id } });
  const newClient = async (settings: Record<string, unknown> = {}) => {
    const client = await createClient(system.call, system.keys.admin);
    if (Object.keys(settings).length > 0) await patchClient(client.clientId, settings);
    return client;
  };
  const patchClient = async (id: string, body: Record<string, unknown>) => {
    const answer = await system.call('PATCH', `/v1/clients/${id}`, { key: system.keys.admin, body });
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const countMessages = async (clientId: string) => {
    const [row] = await system.database.db
      .select({ n: sql<number>`count(*)::int` })
      .from(messages)
      .where(sql`${messages.clientId} = ${clientId}`);
    return row?.n ?? -1;
  };
  const dataOf = (body: Record<string, unknown>): Record<string, unknown>[] =>
    Array.isArray(body.data) ? body.data : [];
  const inFuture = (ms: number) => new Date(Date.now() + ms).toISOString();

  describe('many at once', () => {
    test('share commits, and each gets its own answer', async () => {
      const client = await newClient();
      const answers = await Promise.all(
        Array.from({ length: 120 }, (_, i) =>
          post(i % 10 === 3 ? { ...good(), to: 'nobody' } : good(`m${i}@example.net`), { key: client.live }),
        ),
      );
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(108);
      expect(answers.filter(({ status }) => status === 422)).toHaveLength(12);
      expect(new Set(answers.map(({ body }) => body.messageId)).size).toBe(109);
      expect(await countMessages(client.clientId)).toBe(108);
      const [events] = await system.database.db
        .select({ n: sql<number>`count(*)::int` })
        .from(messageEvents)
        .where(sql`${messageEvents.clientId} = ${client.clientId} and ${messageEvents.type} = 'accepted'`);
      expect(events?.n).toBe(108);
      const ids = answers.flatMap(({ body }) => (body.messageId ? [String(body.messageId)] : []));
      const ended = await Promise.all(ids.map((id) => system.waitUntilEnded(id, client.live)));
      expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['sent']));
    }, 90_000);
  });

  describe('an idempotency key', () => {
    test('gives the first answer again, whatever the order of keys in the body', async () => {
      const client = await newClient();
      const first = await post({ ...good(), tags: { a: '1', b: '2' } }, { key: client.live, id: 'k 1' });
      expect(first.status).toBe(202);
      expect(first.headers.get('idempotent-replayed')).toBeNull();
      const again = await post(
        { text: 'x', tags: { b: '2', a: '1' }, subject: 'x', to: 'ada@example.net' },
        { key: client.live, id: 'k 1' },
      );
      expect(again).toMatchObject({ status: 202, body: first.body });
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.headers.get('content-type')).toContain('application/json');
      expect(await countMessages(client.clientId)).toBe(1);
    });

    test('with another body is a conflict, even where that body is wrong', async () => {
      const client = await newClient();
      await post(good(), { key: client.live, id: 'a' });
      for (const body of [good('other@example.net'), { nonsense: 1 }]) {
        expect(await post(body, { key: client.live, id: 'a' })).toMatchObject({
          status: 409,
          body: { code: 'idempotency_key_reused' },
        });
      }
      expect(await countMessages(client.clientId)).toBe(1);
    });

    test('used by many requests at once makes one message', async () => {
      const client = await newClient();
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => post(good(), { key: client.live, id: 'same' })),
      );
      const ids = new Set(answers.flatMap(({ body }) => (body.messageId ? [body.messageId] : [])));
      expect(ids.size).toBe(1);
      for (const { status, body } of answers)
        expect(status === 202 || body.code === 'idempotency_in_progress').toBe(true);
      expect(await countMessages(client.clientId)).toBe(1);
    });

    test('belongs to its client, mode and route', async () => {
      const [one, two] = await Promise.all([newClient(), newClient()]);
      const answers = [
        await post(good(), { key: one.live, id: 'own' }),
        await post(good(), { key: one.test, id: 'own' }),
        await post(good(), { key: two.live, id: 'own' }),
      ];
      expect(new Set(answers.map(({ body }) => body.messageId)).size).toBe(3);
      const batch = await post(
        { messages: [good()] },
        { key: one.live, id: 'own', path: '/v1/messages/batch' },
      );
      expect(batch.status).toBe(202);
      expect(batch.headers.get('idempotent-replayed')).toBeNull();
    });

    test('replays what is wrong for good, and tries again what may have changed', async () => {
      const client = await newClient();
      const wrong = await post({ ...good(), subjct: 'x' }, { key: client.live, id: 'wrong' });
      expect(wrong.status).toBe(422);
      const again = await post({ ...good(), subjct: 'x' }, { key: client.live, id: 'wrong' });
      expect(again).toMatchObject({ status: 422, body: wrong.body });
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.headers.get('content-type')).toBe('application/problem+json');

      const body = { to: 'a@example.net', template: 'comes-later' };
      expect((await post(body, { key: client.live, id: 'later' })).body.code).toBe('template_not_found');
      const pushed = await system.call('PUT', '/v1/templates/comes-later', {
        key: client.live,
        body: { entry: 'index.tsx', files: { 'index.tsx': TEMPLATE('later') } },
      });
      expect(pushed.status).toBe(201);
      const sent = await post(body, { key: client.live, id: 'later' });
      expect(sent.status).toBe(202);
      const gone = await system.call('DELETE', '/v1/templates/comes-later', { key: client.live });
      if (gone.status === 409) {
        await system.waitUntilEnded(String(sent.body.messageId), client.live);
        await system.call('DELETE', '/v1/templates/comes-later', { key: client.live });
      }
      const replayed = await post(body, { key: client.live, id: 'later' });
      expect(replayed).toMatchObject({ status: 202, body: { messageId: sent.body.messageId } });
    });

    test('that has expired is free again', async () => {
      const client = await newClient();
      const first = await post(good(), { key: client.live, id: 'old' });
      await system.database.db.execute(
        sql`update idempotency_keys set expires_at = now() where owner_id = ${client.clientId}`,
      );
      const second = await post(good('other@example.net'), { key: client.live, id: 'old' });
      expect(second.status).toBe(202);
      expect(second.body.messageId).not.toBe(first.body.messageId);
    });

    test.each(['', 'ä', 'x'.repeat(256)])('%j is none', async (id) => {
      // fetch would refuse to send what HTTP forbids; an empty header is sent.
      const headers = { 'idempotency-key': id === 'ä' ? '\u00e4' : id };
      const answer = await system.call('POST', '/v1/messages', {
        key: system.keys.live,
        body: good(),
        headers,
      });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'Idempotency-Key' }] } });
    });

    test('creates a client once, and keeps no secret', async () => {
      const body = { name: `once ${Bun.randomUUIDv7()}` };
      const create = () => post(body, { key: system.keys.admin, path: '/v1/clients', id: body.name });
      const first = await create();
      expect(first.status).toBe(201);
      const again = await create();
      expect(again).toMatchObject({ status: 201, body: first.body });
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      const keys = await Promise.all(
        [1, 2].map(() =>
          post({ name: 'k' }, { key: system.keys.admin, path: `/v1/clients/${first.body.id}/keys`, id: 'k' }),
        ),
      );
      expect(new Set(keys.map((key) => key.body.key)).size).toBe(2);
    });
  });

  describe('the quota', () => {
    test('is exact under concurrency, and spares test mail', async () => {
      const client = await newClient({ quotaLimit: 100 });
      const answers = await Promise.all(
        Array.from({ length: 200 }, () => post(good(), { key: client.live })),
      );
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(100);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).toHaveLength(100);
      expect(refused[0]?.body.code).toBe('quota_exceeded');
      expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await countMessages(client.clientId)).toBe(100);
      expect((await post(good(), { key: client.test })).status).toBe(202);
    }, 60_000);

    test('counts a repeated request once, and replays it when the quota is used up', async () => {
      const client = await newClient({ quotaLimit: 2 });
      const first = await post(good(), { key: client.live, id: '1' });
      await Promise.all(Array.from({ length: 5 }, () => post(good(), { key: client.live, id: '1' })));
      expect((await post(good(), { key: client.live, id: '2' })).status).toBe(202);
      const over = await post(good(), { key: client.live, id: '3' });
      expect(over.body.code).toBe('quota_exceeded');
      expect(await post(good(), { key: client.live, id: '1' })).toMatchObject({
        status: 202,
        body: first.body,
      });
      await patchClient(client.clientId, { quotaLimit: 3 });
      expect((await post(good(), { key: client.live, id: '3' })).status).toBe(202);
    });

    test('gets back what is canceled', async () => {
      const client = await newClient({ quotaLimit: 1 });
      const later = { ...good(), scheduledAt: inFuture(LATER_MS) };
      const first = await post(later, { key: client.live });
      expect((await post(later, { key: client.live })).status).toBe(429);
      const path = `/v1/messages/${first.body.messageId}/cancel`;
      expect((await system.call('POST', path, { key: client.live })).status).toBe(200);
      expect((await post(later, { key: client.live })).status).toBe(202);
      expect((await post(later, { key: client.live })).status).toBe(429);
    });

    test('that is set later counts what the month has had', async () => {
      const client = await newClient();
      for (let i = 0; i < 3; i++) await post(good(), { key: client.live });
      expect(await patchClient(client.clientId, { quotaLimit: 4 })).toMatchObject({ quotaLimit: 4 });
      expect((await post(good(), { key: client.live })).status).toBe(202);
      expect((await post(good(), { key: client.live })).status).toBe(429);
      await patchClient(client.clientId, { quotaLimit: null });
      expect((await post(good(), { key: client.live })).status).toBe(202);
    });
  });

  describe('the rate limit', () => {
    test('is told in every answer, and refuses what is too much', async () => {
      const client = await newClient({ rateLimit: 5 });
      const answers = [];
      for (let i = 0; i < 6; i++)
        answers.push(await system.call('GET', '/v1/messages', { key: client.live }));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
      expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual([
        '4',
        '3',
        '2',
        '1',
        '0',
        '0',
      ]);
      expect(answers[0]?.headers.get('ratelimit-limit')).toBe('5');
      expect(Number(answers[0]?.headers.get('ratelimit-reset'))).toBeGreaterThan(0);
      const last = answers[5];
      expect(last?.body.code).toBe('rate_limited');
      expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(last?.headers.get('retry-after'))).toBeLessThanOrEqual(12);
      const other = await system.call('GET', '/v1/messages', { key: system.keys.live });
      expect(other.status).toBe(200);
      expect(other.headers.get('ratelimit-limit')).toBeNull();
    });

    test('counts the messages of a batch, and says so with an error too', async () => {
      const client = await newClient({ rateLimit: 10 });
      const send = (n: number) =>
        post(
          { messages: Array.from({ length: n }, () => good()) },
          { key: client.live, path: '/v1/messages/batch' },
        );
      const first = await send(7);
      expect(first.status).toBe(202);
      expect(first.headers.get('ratelimit-remaining')).toBe('3');
      expect(await send(7)).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
      const wrong = await post({ nonsense: 1 }, { key: client.live });
      expect(wrong.status).toBe(422);
      expect(wrong.headers.get('ratelimit-remaining')).toBe('1');
      expect(await countMessages(client.clientId)).toBe(7);
    });
  });

  describe('a batch', () => {
    const batch = (body: Record<string, unknown>, options: { key: string; id?: string }) =>
      post(body, { ...options, path: '/v1/messages/batch' });

    test('is answered in order, and every message is sent', async () => {
      const client = await newClient();
      const answer = await batch(
        { messages: Array.from({ length: 30 }, (_, i) => ({ ...good(), subject: `n ${i}` })) },
        { key: client.live },
      );
      expect(answer).toMatchObject({ status: 202, body: { accepted: 30, rejected: 0 } });
      const ended = await Promise.all(
        dataOf(answer.body).map(({ messageId }) => system.waitUntilEnded(String(messageId), client.live)),
      );
      expect(ended.map(({ subject }) => subject)).toEqual(Array.from({ length: 30 }, (_, i) => `n ${i}`));
      expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['sent']));
    }, 90_000);

    const mixed = [
      good(),
      { ...good(), to: 'nobody' },
      { ...good(), subjct: 1 },
      { to: 'a@example.net', template: 'nowhere' },
      good(),
    ];

    test('strict takes all or none, and names every wrong one', async () => {
      const client = await newClient();
      const answer = await batch({ messages: mixed }, { key: client.live });
      expect(answer).toMatchObject({ status: 422, body: { code: 'batch_rejected' } });
      expect(answer.body.items).toMatchObject([
        { index: 1, code: 'invalid_request', errors: [{ path: '/to' }] },
        { index: 2, code: 'invalid_request', errors: [{ path: '/subjct' }] },
        { index: 3, code: 'template_not_found', status: 404 },
      ]);
      expect(await countMessages(client.clientId)).toBe(0);
    });

    test('permissive takes what is acceptable', async () => {
      const client = await newClient();
      for (const id of ['', 'with-key']) {
        const answer = await batch({ messages: mixed, mode: 'permissive' }, { key: client.live, id });
        expect(answer).toMatchObject({ status: 202, body: { accepted: 2, rejected: 3 } });
        expect(dataOf(answer.body).map((item) => ('messageId' in item ? 'ok' : item.error))).toMatchObject([
          'ok',
          { index: 1, code: 'invalid_request' },
          { index: 2, code: 'invalid_request' },
          { index: 3, code: 'template_not_found' },
          'ok',
        ]);
      }
      expect(await countMessages(client.clientId)).toBe(4);
    });

    test.each(['strict', 'permissive'])('%s is repeated as a whole', async (mode) => {
      const client = await newClient();
      const send = () =>
        batch({ messages: [good(), good('b@example.net')], mode }, { key: client.live, id: 'b' });
      const [first, second] = await Promise.all([send(), send()]);
      const third = await send();
      const answered = [first, second, third].filter(({ status }) => status === 202);
      expect(new Set(answered.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      expect(await countMessages(client.clientId)).toBe(2);
    });

    test('meets a quota: strict whole, permissive as far as it goes', async () => {
      const client = await newClient({ quotaLimit: 3 });
      const messagesOf = (n: number) => Array.from({ length: n }, () => good());
      expect((await batch({ messages: messagesOf(4) }, { key: client.live })).body.code).toBe(
        'quota_exceeded',
      );
      expect(await countMessages(client.clientId)).toBe(0);
      const some = await batch(
        { messages: messagesOf(5), mode: 'permissive' },
        { key: client.live, id: 'p' },
      );
      expect(some.body).toMatchObject({ accepted: 3, rejected: 2 });
      expect(dataOf(some.body)[4]).toMatchObject({
        error: { index: 4, code: 'quota_exceeded', status: 429 },
      });
      expect(await countMessages(client.clientId)).toBe(3);
      const none = await batch({ messages: messagesOf(2), mode: 'permissive' }, { key: client.live });
      expect(none).toMatchObject({ status: 202, body: { accepted: 0, rejected: 2 } });
    });

    test.each([[[]], [Array.from({ length: 501 }, () => good())], ['x'], [undefined]])(
      'of a wrong size or shape is refused',
      async (list) => {
        expect(await batch({ messages: list }, { key: system.keys.live })).toMatchObject({
          status: 422,
          body: { code: 'invalid_request', errors: [{ path: '/messages' }] },
        });
      },
    );

    test('of 500 is taken', async () => {
      const client = await newClient();
      // For later, so that no other test waits behind them.
      const message = { ...good(), scheduledAt: inFuture(LATER_MS) };
      const answer = await batch(
        { messages: Array.from({ length: 500 }, () => message) },
        { key: client.live },
      );
      expect(answer.body).toMatchObject({ accepted: 500 });
    }, 60_000);
  });

  describe('a schedule', () => {
    const sendLater = async (ms = LATER_MS, extra: Record<string, unknown> = {}) => {
      const answer = await post({ ...good(), scheduledAt: inFuture(ms), ...extra });
      expect(answer).toMatchObject({ status: 202, body: { status: 'scheduled' } });
      return String(answer.body.messageId);
    };
    const get = async (id: string) =>
      (await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live })).body;
    const act = (method: string, path: string, body?: unknown) =>
      system.call(method, path, { key: system.keys.live, ...(body === undefined ? {} : { body }) });

    test('keeps a message until its time, and can be moved', async () => {
      const id = await sendLater();
      expect(await get(id)).toMatchObject({
        status: 'scheduled',
        attempts: 0,
        recipients: [{ status: 'scheduled' }],
      });
      const scheduledAt = inFuture(2 * LATER_MS);
      expect(await act('PATCH', `/v1/messages/${id}`, { scheduledAt })).toMatchObject({
        status: 200,
        body: { status: 'scheduled', scheduledAt },
      });
      expect(await system.timelineOf(id)).toEqual(['accepted', 'scheduled', 'rescheduled']);
      expect((await act('GET', '/v1/messages?status=scheduled')).body.data).toMatchObject([{ id }]);
    });

    test('ends with a cancel', async () => {
      const id = await sendLater();
      expect(await act('POST', `/v1/messages/${id}/cancel`)).toMatchObject({
        status: 200,
        body: { status: 'canceled', recipients: [{ status: 'canceled' }] },
      });
      expect(await system.timelineOf(id)).toEqual(['accepted', 'scheduled', 'canceled']);
      expect(await act('POST', `/v1/messages/${id}/cancel`)).toMatchObject({
        status: 409,
        body: { code: 'not_cancelable' },
      });
      expect(await act('PATCH', `/v1/messages/${id}`, { scheduledAt: inFuture(1000) })).toMatchObject({
        status: 409,
        body: { code: 'not_scheduled' },
      });
    });

    test('what was sent cannot be canceled, and others have nothing to cancel', async () => {
      const id = await system.send(good());
      await system.waitUntilEnded(id);
      expect((await act('POST', `/v1/messages/${id}/cancel`)).body.code).toBe('not_cancelable');
      const other = await newClient();
      const later = await sendLater();
      for (const key of [other.live, system.keys.test]) {
        expect((await system.call('POST', `/v1/messages/${later}/cancel`, { key })).status).toBe(404);
      }
    });

    test('what some recipients have already cannot be canceled for the others', async () => {
      const id = await sendLater();
      await system.database.db.execute(
        sql`insert into message_recipients (message_id, client_id, position, kind, email, status)
          values (${id}, ${system.clientId}, 1, 'to', 'has-it@example.net', 'sent')`,
      );
      expect((await act('POST', `/v1/messages/${id}/cancel`)).body.code).toBe('not_cancelable');
    });

    test('of a time that has passed is at once', async () => {
      const answer = await post({ ...good(), scheduledAt: '2020-01-01T00:00:00Z' });
      expect(answer).toMatchObject({ status: 202, body: { status: 'queued' } });
      expect((await system.waitUntilEnded(String(answer.body.messageId))).status).toBe('sent');
    });

    test('is up to 30 days ahead, of a new message, of one in a batch and of one that is moved', async () => {
      const { live: key } = await newClient();
      const later = (scheduledAt: string) => ({ ...good(), scheduledAt });
      const within = inFuture(LONGEST_MS - MINUTE_MS);
      const accepted = await post(later(within), { key });
      expect(accepted).toMatchObject({ status: 202, body: { status: 'scheduled' } });
      const path = `/v1/messages/${String(accepted.body.messageId)}`;
      const move = (scheduledAt: string) => system.call('PATCH', path, { key, body: { scheduledAt } });
      expect(await move(within)).toMatchObject({ status: 200, body: { scheduledAt: within } });
      const beyond = inFuture(LONGEST_MS + MINUTE_MS);
      const errors = [{ path: '/scheduledAt', message: 'must be within 30 days' }];
      const refused = { status: 422, body: { code: 'invalid_request', errors } };
      expect(await post(later(beyond), { key })).toMatchObject(refused);
      expect(await move(beyond)).toMatchObject(refused);
      const mixed = { messages: [later(within), later(beyond)] };
      const { body } = await post(mixed, { key, path: '/v1/messages/batch' });
      const items = [{ index: 1, code: 'invalid_request', errors }];
      expect(body).toMatchObject({ code: 'batch_rejected', items });
      const kept = await system.call('GET', path, { key });
      expect(kept.body).toMatchObject({ status: 'scheduled', scheduledAt: within });
    });

    test.each(['2099-01-01T00:00:00Z', 'tomorrow', '2026-99-01T00:00:00Z'])(
      '%s is refused',
      async (scheduledAt) => {
        expect(await post({ ...good(), scheduledAt })).toMatchObject({
          status: 422,
          body: { errors: [{ path: '/scheduledAt' }] },
        });
      },
    );
  });

  describe('attachments', () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const attached = (...attachments: unknown[]) => ({
      ...good(),
      html: '<img src="cid:logo">',
      attachments,
    });

    test('are kept with their message', async () => {
      const answer = await post({
        ...attached(
          { filename: 'a.pdf', content: base64('pdf') },
          { filename: 'logo.png', content: base64('png!'), contentType: 'image/png', contentId: 'logo' },
          { filename: 'ünknown', content: '' },
        ),
        scheduledAt: inFuture(LATER_MS),
      });
      expect(answer.status).toBe(202);
      const { body } = await system.call('GET', `/v1/messages/${answer.body.messageId}`, {
        key: system.keys.live,
      });
      expect(body.attachments).toEqual([
        { filename: 'a.pdf', contentType: 'application/pdf', contentId: null, sizeBytes: 3 },
        { filename: 'logo.png', contentType: 'image/png', contentId: 'logo', sizeBytes: 4 },
        { filename: 'ünknown', contentType: 'application/octet-stream', contentId: null, sizeBytes: 0 },
      ]);
    });

    test.each<[string, Record<string, unknown>]>([
      ['content', { content: 'abc' }],
      ['content', { content: 'ab-_' }],
      ['content', { content: 'YWJj\nYWJj' }],
      ['content', { content: 'YWJj\n\n\n\n' }],
      ['content', { content: 'YWK=YWJj' }],
      ['content', { content: 'YR==' }],
      ['filename', { filename: '../x' }],
      ['filename', { filename: 'a\r\nb' }],
      ['filename', { filename: '' }],
      ['contentType', { contentType: 'text' }],
      ['contentType', { contentType: 'a/b\r\nX: y' }],
      ['contentType', { contentType: 'multipart/mixed' }],
      ['filename', { filename: 'cod\u202Egpj.exe' }],
      ['contentId', { contentId: '<x>' }],
      ['contentId', { contentId: 'x\r\ny' }],
      ['contenttype', { contenttype: 'text/plain' }],
    ])('a wrong %s is named: %j', async (field, extra) => {
      const answer = await post(attached({ filename: 'a.txt', content: base64('a'), ...extra }));
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: `/attachments/0/${field}` }] } });
    });

    test('of 25 MB are taken, of more not, and a large body without any is not', async () => {
      const client = await newClient();
      const large = Buffer.alloc(25 * 1024 * 1024, 7).toString('base64');
      const taken = await post(attached({ filename: 'a.bin', content: large }), { key: client.test });
      expect(taken.status).toBe(202);
      const more = await post(
        attached({ filename: 'a.bin', content: large }, { filename: 'b.bin', content: base64('x') }),
        { key: client.test },
      );
      expect(more).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
      const text = { ...good(), text: `${'x'.repeat(3 * 1024 * 1024)}"attachments"` };
      expect((await post({ ...text }, { key: client.test })).body.code).toBe('body_too_large');
      expect(await countMessages(client.clientId)).toBe(1);
    }, 60_000);
  });

  test('a large body is kept apart, and looks the same', async () => {
    const html = `<p>${'ä😀'.repeat(30_000)}</p>`;
    const { body } = await post({ ...good(), html, text: 'y', scheduledAt: inFuture(LATER_MS) });
    const { body: content } = await system.call('GET', `/v1/messages/${body.messageId}/content`, {
      key: system.keys.live,
    });
    expect(content).toMatchObject({ html, text: 'y' });
    const [row] = await system.database.db
      .select()
      .from(messages)
      .where(sql`${messages.id} = ${String(body.messageId)}`);
    expect(row).toMatchObject({ html: null, text: null, bodyBlob: `body/${row?.id}` });
  });

  describe('one-click unsubscribe', () => {
    const linkOf = async (id: string) => {
      const { unsubscribeUrl } = await import('../src/lib/messages/unsubscribe.ts');
      const [row] = await system.database.db
        .select()
        .from(messages)
        .where(sql`${messages.id} = ${id}`);
      const publicUrl = 'https://mail.example.com/base';
      const url = unsubscribeUrl({ publicUrl, messageId: id, secret: row?.unsubscribeSecret ?? '' });
      return `${system.url}/${url.slice(publicUrl.length + 1)}`;
    };
    const suppressed = async (clientId: string) => {
      const rows = await system.database.db.query.suppressions.findMany({
        where: (table, { eq }) => eq(table.clientId, clientId),
      });
      return rows.map(({ email, reason }) => ({ email, reason }));
    };
    const sendLater = async (key: string) => {
      const answer = await post(
        { ...good('Ada@example.net'), unsubscribe: true, scheduledAt: inFuture(LATER_MS) },
        { key },
      );
      expect(answer.status).toBe(202);
      return String(answer.body.messageId);
    };
    const oneClick = { 'content-type': 'application/x-www-form-urlencoded' };

    test('suppresses on POST, and only there', async () => {
      const client = await newClient();
      const id = await sendLater(client.live);
      const link = await linkOf(id);
      const page = await fetch(link);
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toContain('text/html');
      expect(await page.text()).toContain('<form method="post">');
      expect(await suppressed(client.clientId)).toEqual([]);

      for (let i = 0; i < 2; i++) {
        const click = await fetch(link, {
          method: 'POST',
          headers: oneClick,
          body: 'List-Unsubscribe=One-Click',
        });
        expect(click.status).toBe(200);
      }
      expect(await suppressed(client.clientId)).toEqual([
        { email: 'ada@example.net', reason: 'unsubscribe' },
      ]);
      expect(await system.timelineOf(id, client.live)).toEqual(['accepted', 'scheduled', 'unsubscribed']);
    });

    test('takes a multipart form, and nothing else', async () => {
      const client = await newClient();
      const link = await linkOf(await sendLater(client.live));
      for (const init of [
        { headers: oneClick, body: 'x=y' },
        { headers: { 'content-type': 'text/plain' }, body: 'x' },
        {},
      ]) {
        const refused = await fetch(link, { method: 'POST', ...init });
        expect([415, 422]).toContain(refused.status);
      }
      const long = await fetch(link, { method: 'POST', headers: oneClick, body: 'x'.repeat(10_000) });
      expect(long.status).toBe(413);
      expect(await suppressed(client.clientId)).toEqual([]);
      const form = new FormData();
      form.set('List-Unsubscribe', 'One-Click');
      expect((await fetch(link, { method: 'POST', body: form })).status).toBe(200);
      expect(await suppressed(client.clientId)).toHaveLength(1);
    });

    test('a link that was not given out is not there', async () => {
      const link = await linkOf(await sendLater(system.keys.live));
      const forged = link.slice(0, -2) + (link.endsWith('AA') ? 'BA' : 'AA');
      const init = { method: 'POST', headers: oneClick, body: 'List-Unsubscribe=One-Click' };
      for (const url of [forged, `${system.url}/u/x`, `${system.url}/u/${'A'.repeat(43)}`]) {
        expect((await fetch(url, init)).status).toBe(404);
        expect((await fetch(url)).status).toBe(404);
      }
    });

    test('of a test message suppresses nobody', async () => {
      const client = await newClient();
      const link = await linkOf(await sendLater(client.test));
      const init = { method: 'POST', headers: oneClick, body: 'List-Unsubscribe=One-Click' };
      expect((await fetch(link, init)).status).toBe(200);
      expect(await suppressed(client.clientId)).toEqual([]);
    });

    test.each<[Record<string, unknown>]>([
      [{ to: ['a@example.net', 'b@example.net'] }],
      [{ bcc: 'b@example.net' }],
      [{ headers: { 'list-unsubscribe': '<https://example.com>' } }],
    ])('does not go with %j', async (extra) => {
      expect(await post({ ...good(), unsubscribe: true, ...extra })).toMatchObject({
        status: 422,
        body: { errors: [{ path: '/unsubscribe' }] },
      });
    });
  });

  describe('caches', () => {
    test('a key that is used still feels what is done to its client here', async () => {
      const client = await newClient();
      expect((await post(good(), { key: client.live })).status).toBe(202);
      await patchClient(client.clientId, { status: 'suspended' });
      expect((await post(good(), { key: client.live })).body.code).toBe('client_suspended');
      await patchClient(client.clientId, { status: 'active', fromDomains: ['shop.example'] });
      expect((await post(good(), { key: client.live })).body.code).toBe('from_not_allowed');
    });

    test('what another instance does to a client is known within seconds', async () => {
      const client = await newClient();
      expect((await post(good(), { key: client.live })).status).toBe(202);
      await setClientStatus(system.database.db, client.clientId, 'suspended');
      await waitFor('the suspension to be known', async () =>
        (await post(good(), { key: client.live })).status === 403 ? true : null,
      );
    }, 30_000);

    test('a push, a rollback and a deletion hold at once', async () => {
      const client = await newClient();
      const push = (word: string) =>
        system.call('PUT', '/v1/templates/fresh', {
          key: client.live,
          body: { entry: 'index.tsx', files: { 'index.tsx': TEMPLATE(word) } },
        });
      const send = () => post({ to: 'a@example.net', template: 'fresh' }, { key: client.live });
      const versionOf = async (id: unknown) =>
        (await system.call('GET', `/v1/messages/${id}`, { key: client.live })).body.templateVersion;
      expect((await send()).status).toBe(404);
      await push('one');
      expect(await versionOf((await send()).body.messageId)).toBe(1);
      await push('two');
      const second = await send();
      expect(await versionOf(second.body.messageId)).toBe(2);
      const rollBack = () =>
        post({ version: 1 }, { key: client.live, path: '/v1/templates/fresh/rollback', id: 'r' });
      expect(await rollBack()).toMatchObject({ status: 200, body: { version: 1 } });
      expect((await rollBack()).headers.get('idempotent-replayed')).toBe('true');
      const third = await send();
      expect(await versionOf(third.body.messageId)).toBe(1);
      await Promise.all(
        [second, third].map(({ body }) => system.waitUntilEnded(String(body.messageId), client.live)),
      );
      await waitFor('the template to be deleted', async () =>
        (await system.call('DELETE', '/v1/templates/fresh', { key: client.live })).status === 204
          ? true
          : null,
      );
      expect((await send()).status).toBe(404);
    }, 60_000);
  });

  test('a client is changed field by field', async () => {
    const client = await newClient();
    expect(
      await patchClient(client.clientId, {
        rateLimit: 7,
        quotaLimit: 9,
        provider: 'backup_relay',
        fromDomains: ['A.example'],
      }),
    ).toMatchObject({ rateLimit: 7, quotaLimit: 9, provider: 'backup_relay', fromDomains: ['a.example'] });
    expect(await patchClient(client.clientId, { rateLimit: null, fromDomains: null })).toMatchObject({
      rateLimit: null,
      quotaLimit: 9,
      fromDomains: null,
    });
    const change = (body: unknown, id = client.clientId) =>
      system.call('PATCH', `/v1/clients/${id}`, { key: system.keys.admin, body });
    expect((await change({ rateLimit: 0 })).status).toBe(422);
    expect((await change({})).status).toBe(422);
    expect((await change({ rateLimit: 1 }, Bun.randomUUIDv7())).status).toBe(404);
    const taken = await newClient({ name: `taken ${profile}` });
    expect(taken.clientId).not.toBe(client.clientId);
    expect(await change({ name: `taken ${profile}` })).toMatchObject({
      status: 409,
      body: { code: 'name_taken' },
    });
  });
});
