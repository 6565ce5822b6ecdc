import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import {
  answerOf,
  createMailer,
  type Mailer,
  MailError,
  type StreamEvent,
  verifyWebhook,
  type WebhookEvent,
} from '../src/index.ts';

describe('the SDK against a server', () => {
  let system: TestSystem;
  let mailer: Mailer;

  beforeAll(async () => {
    system = await startSystem('embedded');
    mailer = createMailer({ baseUrl: system.url, apiKey: system.keys.live });
  }, 60_000);

  afterAll(() => system.stop());

  const errorOf = async (call: Promise<unknown>): Promise<MailError> => {
    try {
      await call;
    } catch (error) {
      if (error instanceof MailError) return error;
      throw error;
    }
    throw new Error('it did not fail');
  };

  test('pushes, sends, and follows a message', async () => {
    const source =
      "export const PreviewProps = { name: 'x' }; export const subject = (p) => `Hi ${p.name}`; export default (p) => <p>{p.name}</p>;";
    expect(
      await mailer.templates.push('hi', { entry: 'index.tsx', files: { 'index.tsx': source } }),
    ).toMatchObject({ name: 'hi', version: 1 });
    const { messageId, status } = await mailer.send({
      to: 'ada@example.net',
      template: 'hi',
      props: { name: 'Ada' },
    });
    expect(status).toBe('queued');
    await system.waitUntilEnded(messageId);
    const message = await mailer.messages.get(messageId);
    expect(message).toMatchObject({ id: messageId, status: 'sent', subject: 'Hi Ada' });
    // Eden would have made Dates of what looks like one.
    expect(typeof message.createdAt).toBe('string');
    expect((await mailer.messages.events(messageId)).map(({ type }) => type)).toEqual([
      'accepted',
      'attempted',
      'rendered',
      'handed_over',
      'sent',
    ]);
    expect(await mailer.messages.content(messageId)).toMatchObject({ subject: 'Hi Ada', exact: true });
  });

  test('looks at, tries, rolls back and deletes a template', async () => {
    const files = (word: string) => ({ 'index.tsx': `export default () => <p>${word}</p>;` });
    await mailer.templates.push('turned', { entry: 'index.tsx', files: files('one') });
    await mailer.templates.push('turned', { entry: 'index.tsx', files: files('two') });
    expect(await mailer.templates.get('turned')).toMatchObject({ version: 2 });
    const { data } = await mailer.templates.versions('turned', { limit: 10 });
    expect(data.map(({ version }) => version)).toEqual([2, 1]);
    expect(await mailer.templates.version('turned', 1)).toMatchObject({ files: files('one') });
    expect(await mailer.templates.render('turned', { version: 1 })).toMatchObject({ text: 'one' });
    expect(await mailer.templates.rollBack('turned', 1)).toMatchObject({ version: 1 });
    await mailer.templates.delete('turned');
    expect(await errorOf(mailer.templates.get('turned'))).toMatchObject({ code: 'template_not_found' });
    expect(await errorOf(mailer.templates.delete('turned'))).toMatchObject({ code: 'template_not_found' });
  });

  test('a refusal is an error with code, status, request id and places', async () => {
    const error = await errorOf(mailer.send({ to: 'a@b.example, evil@c.example', subject: 'x', text: 'x' }));
    expect(error).toMatchObject({ code: 'invalid_request', status: 422, errors: [{ path: '/to' }] });
    expect(error.requestId).toBeString();
  });

  test('an id that would leave the path reaches no other route', async () => {
    for (const id of ['', '.', '..']) {
      expect(await errorOf(mailer.messages.get(id))).toMatchObject({
        code: 'invalid_argument',
        status: null,
      });
    }
    expect(await errorOf(mailer.messages.get('../clients'))).toMatchObject({
      code: 'not_found',
      status: 404,
    });
  });

  test('a wrong key and a server that is not there', async () => {
    const wrong = createMailer({ baseUrl: system.url, apiKey: 'mk_live_wrong' });
    expect(await errorOf(wrong.messages.get('x'))).toMatchObject({ code: 'unauthenticated', status: 401 });
    const nowhere = createMailer({ baseUrl: 'http://127.0.0.1:1', apiKey: system.keys.live, retry: false });
    expect(await errorOf(nowhere.messages.get('x'))).toMatchObject({ code: 'network_error', status: null });
  });

  test('whoever answers something else than the service is named so', async () => {
    const proxy = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('<h1>Bad gateway</h1>', { status: 502 }),
    });
    const behind = createMailer({
      baseUrl: `http://127.0.0.1:${proxy.port}`,
      apiKey: system.keys.live,
      retry: false,
    });
    expect(await errorOf(behind.messages.get('x'))).toMatchObject({ code: 'unexpected_answer', status: 502 });
    await proxy.stop(true);
  });

  test('sends a batch, and says which of it is not acceptable', async () => {
    const [good, bad] = [
      { to: 'ada@example.net', subject: 'x', text: 'x' },
      { to: 'nobody', subject: 'x', text: 'x' },
    ];
    const error = await errorOf(mailer.sendBatch([good, bad]));
    expect(error).toMatchObject({ code: 'batch_rejected', items: [{ index: 1, code: 'invalid_request' }] });
    const { accepted, rejected, data } = await mailer.sendBatch([good, bad], { mode: 'permissive' });
    expect({ accepted, rejected }).toEqual({ accepted: 1, rejected: 1 });
    expect(data).toMatchObject([{ status: 'queued' }, { error: { index: 1 } }]);
  });

  test('schedules, moves and takes back', async () => {
    const scheduledAt = new Date(Date.now() + 3_600_000);
    const { messageId, status } = await mailer.send({
      to: 'a@example.net',
      subject: 'x',
      text: 'x',
      scheduledAt,
    });
    expect(status).toBe('scheduled');
    const later = new Date(scheduledAt.getTime() + 60_000);
    const moved = await mailer.messages.reschedule(messageId, later);
    expect(moved).toMatchObject({ status: 'scheduled', scheduledAt: later.toISOString() });
    expect(await mailer.messages.cancel(messageId)).toMatchObject({ status: 'canceled' });
    expect(await errorOf(mailer.messages.cancel(messageId))).toMatchObject({
      code: 'not_cancelable',
      status: 409,
    });
    expect(await errorOf(mailer.messages.waitFor(messageId, 'sent'))).toMatchObject({
      code: 'message_ended',
    });
  });

  test('sends nothing twice under one key, and each call has a key of its own', async () => {
    const message = { to: 'once@example.net', subject: 'x', text: 'x' };
    const first = await mailer.send(message, { idempotencyKey: 'order-1' });
    const second = await mailer.send(message, { idempotencyKey: 'order-1' });
    expect(second).toEqual(first);
    expect([answerOf(first)?.isReplayed, answerOf(second)?.isReplayed]).toEqual([false, true]);
    const others = [await mailer.send(message), await mailer.send(message)].map(({ messageId }) => messageId);
    expect(new Set([first.messageId, ...others]).size).toBe(3);
    const reused = errorOf(mailer.send({ ...message, text: 'y' }, { idempotencyKey: 'order-1' }));
    expect(await reused).toMatchObject({ code: 'idempotency_key_reused' });
  });

  test('a lost answer is asked for again and sends one mail', async () => {
    let losses = 1;
    const lossy = createMailer({
      baseUrl: system.url,
      apiKey: system.keys.live,
      retry: { baseDelayMs: 1 },
      async fetch(url, init) {
        const response = await fetch(url, init);
        if (losses-- <= 0) return response;
        await response.arrayBuffer();
        throw new TypeError('the answer was lost');
      },
    });
    const result = await lossy.send({ to: 'lossy@example.net', subject: 'x', text: 'x' });
    expect(answerOf(result)).toMatchObject({ attempts: 2, isReplayed: true });
    const { data } = await mailer.messages.list({ recipient: 'lossy@example.net' });
    expect(data.map(({ id }) => id)).toEqual([result.messageId]);
  });

  test('attaches files, and they arrive', async () => {
    const file = new File(['a,b\n1,2\n'], 'table.csv', { type: 'text/csv' });
    const { messageId } = await mailer.send({
      to: 'files@example.net',
      subject: 'x',
      text: 'x',
      attachments: [file],
    });
    const message = await mailer.messages.waitFor(messageId, 'sent', { timeoutMs: 60_000 });
    expect(message.attachments).toMatchObject([{ filename: 'table.csv', contentType: 'text/csv' }]);
  });

  test('lists a page, or everything page by page', async () => {
    const to = 'many@example.net';
    const { data } = await mailer.sendBatch(
      ['1', '2', '3', '4', '5'].map((subject) => ({ to, subject, text: 'x' })),
    );
    const sent = data.map((item) => ('messageId' in item ? item.messageId : ''));
    const page = await mailer.messages.list({ recipient: to, limit: 2 });
    expect(page.data).toHaveLength(2);
    expect(page.nextCursor).toBeString();
    const all: string[] = [];
    for await (const { id } of mailer.messages.list({ recipient: to, limit: 2 })) all.push(id);
    expect(all.sort()).toEqual(sent.sort());
  });

  test('looks without catching', async () => {
    const good = await mailer.safe.messages.list({ limit: 1 });
    expect(good).toMatchObject({ error: null, answer: { status: 200, attempts: 1 } });
    const bad = await mailer.safe.messages.get('nothing');
    expect(bad).toMatchObject({ data: null, error: { code: 'not_found' }, answer: { status: 404 } });
    expect(bad.answer?.requestId).toBe(bad.error?.requestId ?? null);
  });

  test('tells what is left of a rate, waits for it where that is soon, and says so where it is not', async () => {
    const admin = createMailer({ baseUrl: system.url, apiKey: system.keys.admin });
    const client = await admin.clients.create({ name: 'slow', rateLimit: 2 });
    const { key } = await admin.keys.create(client.id, { name: 'slow' });
    const slow = createMailer({ baseUrl: system.url, apiKey: key, retry: { maxTotalMs: 1000 } });
    const page = await slow.messages.list();
    expect(answerOf(page)?.rateLimit).toMatchObject({ limit: 2, remaining: 1 });
    await slow.messages.list();
    const error = await errorOf(slow.messages.list());
    expect(error).toMatchObject({ code: 'rate_limited', status: 429, answer: { attempts: 1 } });
    expect(error.retryAfterMs).toBeGreaterThan(1000);
    await admin.clients.update(client.id, { rateLimit: null });
  });

  test('keeps a list of addresses that mail does not reach', async () => {
    const { id } = await mailer.suppressions.add('gone@example.net');
    expect(await mailer.suppressions.add('gone@example.net')).toMatchObject({ id, reason: 'manual' });
    const { messageId } = await mailer.send({ to: 'gone@example.net', subject: 'x', text: 'x' });
    expect(await mailer.messages.waitFor(messageId)).toMatchObject({ status: 'suppressed' });
    await mailer.suppressions.remove('gone@example.net');
    expect((await mailer.suppressions.list()).data).toEqual([]);
    expect((await mailer.deadLetters.list()).data).toEqual([]);
    expect(await errorOf(mailer.messages.retry(messageId))).toMatchObject({ code: 'not_retryable' });
    expect(await errorOf(mailer.messages.resolve(messageId, 'sent'))).toMatchObject({
      code: 'not_resolvable',
    });
  });

  test('sets up an endpoint, whose webhooks it can verify', async () => {
    const { promise: received, resolve } = Promise.withResolvers<WebhookEvent>();
    let secret = '';
    const receiver = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        resolve(await verifyWebhook(await request.text(), request.headers, secret));
        return new Response(null, { status: 204 });
      },
    });
    const url = `http://127.0.0.1:${receiver.port}/`;
    const endpoint = await mailer.webhookEndpoints.create({ url, events: ['message.sent'] });
    ({ secret } = endpoint);
    await mailer.webhookEndpoints.test(endpoint.id);
    expect(await received).toMatchObject({ type: 'webhook.test', data: { webhookEndpointId: endpoint.id } });
    expect((await mailer.webhookEndpoints.list()).data.map(({ id }) => id)).toEqual([endpoint.id]);
    expect((await mailer.webhookEndpoints.rotate(endpoint.id, { overlapHours: 1 })).secret).not.toBe(secret);
    const paused = await mailer.webhookEndpoints.update(endpoint.id, { status: 'paused' });
    expect(paused).toMatchObject({ status: 'paused', events: ['message.sent'] });
    expect((await mailer.webhookEndpoints.deliveries(endpoint.id)).data).toMatchObject([
      { type: 'webhook.test' },
    ]);
    await mailer.webhookEndpoints.delete(endpoint.id);
    expect(await errorOf(mailer.webhookEndpoints.get(endpoint.id))).toMatchObject({ code: 'not_found' });
    await receiver.stop(true);
  });

  test('streams what happens, and goes on after an event', async () => {
    const tags = { story: 'stream' };
    const since = new Date(Date.now() - 1000).toISOString();
    const { messageId } = await mailer.send({ to: 'live@example.net', subject: 'x', text: 'x', tags });
    const events: StreamEvent[] = [];
    for await (const event of mailer.stream({ tags, since })) {
      events.push(event);
      if (event.type === 'sent') break;
    }
    expect(events.map(({ type }) => type)).toEqual([
      'accepted',
      'attempted',
      'rendered',
      'handed_over',
      'sent',
    ]);
    expect(events.every((event) => event.messageId === messageId)).toBe(true);
    for await (const event of mailer.stream({ tags }, { after: events[2]?.id ?? '' })) {
      expect(event).toEqual({ ...event, id: events[3]?.id ?? '', type: 'handed_over' });
      break;
    }
  });

  test('asks any route', async () => {
    const page = await mailer.request('GET', '/v1/templates', { query: { limit: 1 } });
    expect(page).toMatchObject({ data: expect.any(Array) });
    await expect(mailer.request('GET', '/v1/nothing')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('what a mailer is made from', () => {
  test.each([
    [{ apiKey: 'k' }],
    [{ baseUrl: 'http://127.0.0.1:1' }],
    [{ baseUrl: 'mail.example.com', apiKey: 'k' }],
    [{ baseUrl: 'ftp://mail.example.com', apiKey: 'k' }],
    [{ baseUrl: 'http://127.0.0.1:1', apiKey: 'mk_live_x\n' }],
  ])('%j is not enough', (options) => {
    const saved = { url: process.env.MAIL_BASE_URL, key: process.env.MAIL_API_KEY };
    delete process.env.MAIL_BASE_URL;
    delete process.env.MAIL_API_KEY;
    try {
      expect(() => createMailer(options)).toThrow(expect.objectContaining({ code: 'not_configured' }));
    } finally {
      if (saved.url !== undefined) process.env.MAIL_BASE_URL = saved.url;
      if (saved.key !== undefined) process.env.MAIL_API_KEY = saved.key;
    }
  });
});
