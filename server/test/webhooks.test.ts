import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { eq, sql } from 'drizzle-orm';
import { Webhook } from 'standardwebhooks';
import { messageEvents, webhookDeliveries, webhookEndpoints } from '../src/db/schema.ts';
import { fanOutOnce } from '../src/lib/db/webhooks-fan-out.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';
import { startWebhookReceiver, type WebhookReceiver } from './support/webhook-receiver.ts';

const SETTINGS = {
  WEBHOOKS_RETRY_DELAYS_MS: '50,50',
  WEBHOOKS_TIMEOUT_MS: '2000',
  SECRET_KEY: 'a key for tests of thirty-two characters',
};

const MAIL = { to: 'ada@example.net', subject: 'Hello', text: 'Hello', tags: { kind: 'greeting' } };

type Endpoint = { id: string; secret: string };
type Delivery = {
  id: string;
  type: string;
  eventId: number | null;
  status: string;
  nextAttemptAt: string | null;
  attempts: { number: number; statusCode: number | null; error: string | null; response: string | null }[];
};

describeOnBothProfiles('webhooks', (profile) => {
  let system: TestSystem;
  let receiver: WebhookReceiver;
  let key: string;
  let testKey: string;

  beforeAll(async () => {
    system = await startSystem(profile, SETTINGS);
  }, 60_000);
  afterAll(() => system.stop());

  beforeEach(async () => {
    receiver = startWebhookReceiver();
    // A client of its own, so that no test hears of another's mail.
    ({ live: key, test: testKey } = await createClient(system.call, system.keys.admin));
  });
  afterEach(() => receiver.stop());

  const call: TestSystem['call'] = (method, path, options) =>
    system.call(method, `/v1/webhook-endpoints${path}`, { key, ...options });

  async function createEndpoint(events: string[], url = receiver.url): Promise<Endpoint> {
    const { status, body } = await call('POST', '', { body: { url, events } });
    if (status !== 201) throw new Error(JSON.stringify(body));
    return { id: String(body.id), secret: String(body.secret) };
  }

  async function listDeliveries(id: string, query = ''): Promise<Delivery[]> {
    const { body } = await call('GET', `/${id}/deliveries${query}`);
    return Array.isArray(body.data) ? body.data : [];
  }

  const waitForDelivery = (id: string, fits: (delivery: Delivery) => boolean) =>
    waitFor('a delivery', async () => (await listDeliveries(id)).find(fits) ?? null);

  test('tells of each event of a message once, signed so that anybody can verify it', async () => {
    const { secret } = await createEndpoint(['*']);
    const messageId = await system.send(MAIL, key);
    const isOf = (type: string) => (webhook: { json: { type: string } }) => webhook.json.type === type;
    const sent = await receiver.waitForWebhook(isOf('message.sent'));
    expect(sent.json.data).toMatchObject({
      messageId,
      mode: 'live',
      status: 'sent',
      recipient: 'ada@example.net',
      provider: 'smtp',
      attempt: 1,
      tags: { kind: 'greeting' },
      template: null,
    });
    expect(new Webhook(secret).verify(sent.body, sent.headers)).toEqual(sent.json);
    expect(() => new Webhook(secret).verify(`${sent.body} `, sent.headers)).toThrow();

    await receiver.waitForWebhook(isOf('message.accepted'));
    const timeline = await system.timelineOf(messageId, key);
    await waitFor('all of them', () => (receiver.received.length >= timeline.length ? true : null));
    expect(receiver.received.map(({ json }) => json.type).sort()).toEqual(
      timeline.map((type) => `message.${type}`).sort(),
    );
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(timeline.length);
  });

  test('sends only what was asked for, of its own mode and client', async () => {
    await createEndpoint(['message.sent']);
    const other = await createClient(system.call, system.keys.admin);
    const foreign = await system.send(MAIL, other.live);
    const inTest = await system.send(MAIL, testKey);
    await system.waitUntilEnded(foreign, other.live);
    await system.waitUntilEnded(inTest, testKey);
    const own = await system.send(MAIL, key);
    await receiver.waitForWebhook(({ json }) => json.data.messageId === own);
    expect(receiver.received.map(({ json }) => [json.type, json.data.messageId])).toEqual([
      ['message.sent', own],
    ]);
  });

  test('tries again as scheduled, with the same id and body, and logs each attempt', async () => {
    const { id, secret } = await createEndpoint(['message.sent']);
    const answers = [
      () => new Response('x'.repeat(5000), { status: 500 }),
      () => Response.redirect(`${receiver.url}/elsewhere`, 302),
      () => new Response('thanks'),
    ];
    receiver.answer = () => answers[receiver.received.length - 1]?.() ?? new Response('too often');
    await system.send(MAIL, key);
    const delivery = await waitForDelivery(id, ({ status }) => status === 'delivered');
    expect(receiver.received).toHaveLength(3);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    for (const { headers, body } of receiver.received) {
      expect(headers['webhook-id']).toBe(delivery.id);
      new Webhook(secret).verify(body, headers);
    }
    expect(delivery.attempts.map(({ number, statusCode }) => [number, statusCode])).toEqual([
      [1, 500],
      [2, 302],
      [3, 200],
    ]);
    expect(delivery.attempts[0]?.response).toBe('x'.repeat(1024));
    expect(delivery.attempts[2]?.response).toBe('thanks');
    expect(delivery.nextAttemptAt).toBeNull();
  });

  test('a receiver that never answers is cut off and tried again', async () => {
    const { id } = await createEndpoint(['message.sent']);
    receiver.answer = () =>
      receiver.received.length === 1 ? new Promise<Response>(() => {}) : new Response('now');
    await system.send(MAIL, key);
    const delivery = await waitForDelivery(id, ({ status }) => status === 'delivered');
    expect(delivery.attempts[0]).toMatchObject({ statusCode: null, error: 'no answer within 2000 ms' });
  });

  test('pauses an endpoint whose deliveries have failed for a whole schedule, and tells the others', async () => {
    const watcher = startWebhookReceiver();
    try {
      const { id } = await createEndpoint(['message.sent']);
      await createEndpoint(['webhook_endpoint.paused'], watcher.url);
      receiver.answer = () => new Response('broken', { status: 503 });
      await system.send(MAIL, key);
      const notice = await watcher.waitForWebhook(({ json }) => json.type === 'webhook_endpoint.paused');
      expect(notice.json.data).toMatchObject({ webhookEndpointId: id, reason: 'failing' });
      const { body } = await call('GET', `/${id}`);
      expect(body).toMatchObject({ status: 'paused', pauseReason: 'failing' });
      expect(body.pausedAt).toBeString();
      expect(body.failingSince).toBeString();
      expect(await system.countOf('mail.webhook.pauses', { reason: 'failing' })).toBe(1);
      expect(system.logLines.some((line) => line.includes('a webhook endpoint was paused'))).toBe(true);
      const [failed] = await listDeliveries(id);
      expect(failed).toMatchObject({ status: 'failed', attempts: [{}, {}, {}] });
      expect((await call('POST', `/${id}/test`)).body.code).toBe('endpoint_paused');

      // Active again, it hears of what is new; what it missed is sent by a replay.
      receiver.answer = () => new Response('well again');
      await call('PATCH', `/${id}`, { body: { status: 'active' } });
      const messageId = await system.send(MAIL, key);
      await receiver.waitForWebhook(({ json }) => json.data.messageId === messageId);
      const replay = await call('POST', `/${id}/replay`, { body: { eventId: failed?.eventId } });
      expect(replay).toMatchObject({ status: 202, body: { replayed: 1, nextSince: null } });
      await waitForDelivery(id, (delivery) => delivery.id === failed?.id && delivery.status === 'delivered');
    } finally {
      await watcher.stop();
    }
  });

  test('410 pauses at once and holds back what waits', async () => {
    const { id } = await createEndpoint(['message.sent']);
    receiver.answer = () => new Response('gone', { status: 410 });
    await system.send(MAIL, key);
    await waitFor('the pause', async () => {
      const { body } = await call('GET', `/${id}`);
      return body.status === 'paused' ? body : null;
    });
    expect((await call('GET', `/${id}`)).body.pauseReason).toBe('gone');
    expect(receiver.received).toHaveLength(1);
    expect(await listDeliveries(id, '?status=failed')).toHaveLength(1);
  });

  test('a secret is shown once, kept sealed, and rotated with both signing', async () => {
    const { id, secret } = await createEndpoint(['message.sent']);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(JSON.stringify((await call('GET', `/${id}`)).body)).not.toContain('whsec_');
    const [row] = await system.database.db.select().from(webhookEndpoints).where(eq(webhookEndpoints.id, id));
    expect(row?.secret).not.toContain(secret.slice(6, 20));

    const rotated = await call('POST', `/${id}/rotate`, { body: { overlapHours: 1 } });
    const fresh = String(rotated.body.secret);
    expect(fresh).not.toBe(secret);
    await call('POST', `/${id}/test`);
    const both = await receiver.waitForWebhook(({ json }) => json.type === 'webhook.test');
    for (const each of [secret, fresh]) new Webhook(each).verify(both.body, both.headers);

    await call('POST', `/${id}/rotate`, { body: { overlapHours: 0 } });
    receiver.received.length = 0;
    await call('POST', `/${id}/test`);
    const alone = await receiver.waitForWebhook(({ json }) => json.type === 'webhook.test');
    for (const each of [secret, fresh])
      expect(() => new Webhook(each).verify(alone.body, alone.headers)).toThrow();
    expect(system.logLines.some((line) => line.includes('whsec_'))).toBe(false);
  });

  test('replays a time, also what came before the endpoint was there', async () => {
    const since = new Date(Date.now() - 60_000).toISOString();
    const messageId = await system.send(MAIL, key);
    await system.waitUntilEnded(messageId, key);
    const { id } = await createEndpoint(['message.sent', 'message.accepted']);
    expect(await listDeliveries(id)).toEqual([]);
    const replay = await call('POST', `/${id}/replay`, { body: { since } });
    expect(replay.body).toEqual({ replayed: 2, nextSince: null });
    await waitFor('both', () => (receiver.received.length >= 2 ? true : null));
    expect(receiver.received.map(({ json }) => json.type).sort()).toEqual([
      'message.accepted',
      'message.sent',
    ]);
    const before = { since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' };
    expect((await call('POST', `/${id}/replay`, { body: before })).body.replayed).toBe(0);
  });

  test('fans an event out exactly once, however many try at the same time', async () => {
    const { id } = await createEndpoint(['message.accepted']);
    const ids = await Promise.all(Array.from({ length: 20 }, () => system.send(MAIL, key)));
    await Promise.all(Array.from({ length: 10 }, () => fanOutOnce(system.database)));
    await waitFor('a delivery each', async () => {
      const count = await system.database.db.$count(webhookDeliveries, eq(webhookDeliveries.endpointId, id));
      return count >= ids.length ? true : null;
    });
    // What this test has made and not enqueued need not wait until the queue is no longer trusted with it.
    await system.database.db
      .update(webhookDeliveries)
      .set({ queuedUntil: null })
      .where(eq(webhookDeliveries.endpointId, id));
    await waitFor('all to arrive', () => (receiver.received.length >= ids.length ? true : null));
    expect(receiver.received.map(({ json }) => String(json.data.messageId)).sort()).toEqual([...ids].sort());
  });

  test('a delivery that the queue has lost is found by its row', async () => {
    const { id } = await createEndpoint(['message.sent']);
    const deliveryId = Bun.randomUUIDv7();
    await system.database.db.insert(webhookDeliveries).values({
      id: deliveryId,
      endpointId: id,
      type: 'webhook.test',
      payload: '{"type":"webhook.test"}',
      queuedUntil: sql`now() - interval '1 second'`,
    });
    await receiver.waitForWebhook(({ headers }) => headers['webhook-id'] === deliveryId);
  });

  describe('the API', () => {
    test('creates, lists, changes and removes', async () => {
      const created = await call('POST', '', {
        body: { url: receiver.url, events: ['message.sent'], description: 'Shop' },
      });
      expect(created.body).toMatchObject({
        url: receiver.url,
        status: 'active',
        mode: 'live',
        description: 'Shop',
      });
      const id = String(created.body.id);
      const { secret: _secret, ...shown } = created.body;
      expect((await call('GET', '')).body).toEqual({ data: [shown], nextCursor: null });
      const changed = await call('PATCH', `/${id}`, {
        body: { events: ['*'], description: null, status: 'paused' },
      });
      expect(changed.body).toMatchObject({
        events: ['*'],
        description: null,
        status: 'paused',
        pauseReason: 'manual',
      });
      expect((await call('DELETE', `/${id}`)).status).toBe(204);
      expect((await call('GET', `/${id}`)).status).toBe(404);
    });

    test.each([
      [{ events: ['message.sent'] }, '/url'],
      [{ url: 'https://hooks.example.com', events: [] }, '/events'],
      [{ url: 'https://hooks.example.com', events: ['message.exploded'] }, '/events/0'],
      [{ url: 'ftp://hooks.example.com', events: ['*'] }, '/url'],
      [{ url: 'https://user:pass@hooks.example.com', events: ['*'] }, '/url'],
      [{ url: 'https://hooks.example.com', events: ['*'], colour: 'red' }, '/colour'],
    ])('refuses %j', async (body, path) => {
      const answer = await call('POST', '', { body });
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
      expect(JSON.stringify(answer.body.errors)).toContain(`"${path}"`);
    });

    test('belongs to one client and mode', async () => {
      const { id } = await createEndpoint(['*']);
      const other = await createClient(system.call, system.keys.admin);
      const routes = [
        ['GET', ''],
        ['GET', '/deliveries'],
        ['PATCH', ''],
        ['DELETE', ''],
        ['POST', '/rotate'],
        ['POST', '/test'],
        ['POST', '/replay'],
      ] as const;
      for (const [method, path] of routes) {
        const body = method === 'PATCH' ? { description: 'mine' } : path === '/replay' ? { eventId: 1 } : {};
        for (const foreign of [other.live, testKey]) {
          const options = method === 'GET' || method === 'DELETE' ? { key: foreign } : { key: foreign, body };
          expect((await call(method, `/${id}${path}`, options)).status).toBe(404);
        }
      }
      expect((await call('GET', '', { key: testKey })).body.data).toEqual([]);
      expect((await call('GET', '', { key: system.keys.admin })).status).toBe(403);
    });

    test('a replay of another client’s event finds none', async () => {
      const { id } = await createEndpoint(['*']);
      const other = await createClient(system.call, system.keys.admin);
      const messageId = await system.send(MAIL, other.live);
      const [event] = await system.database.db
        .select({ id: messageEvents.id })
        .from(messageEvents)
        .where(eq(messageEvents.messageId, messageId));
      expect((await call('POST', `/${id}/replay`, { body: { eventId: event?.id } })).status).toBe(404);
    });

    test('a client has twenty at most', async () => {
      const make = () => call('POST', '', { body: { url: receiver.url, events: ['message.spam'] } });
      const answers = await Promise.all(Array.from({ length: 22 }, make));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
      expect(answers.filter(({ body }) => body.code === 'too_many_endpoints')).toHaveLength(2);
    });
  });
});

describe('a webhook endpoint that hangs', () => {
  test('holds up no other, and no stopping', async () => {
    const hanging = startWebhookReceiver();
    const receiver = startWebhookReceiver();
    const system = await startSystem('embedded', {
      WEBHOOKS_CONCURRENCY: '4',
      WEBHOOKS_TIMEOUT_MS: '60000',
      SHUTDOWN_GRACE_MS: '0',
    });
    try {
      hanging.answer = () => new Promise<Response>(() => {});
      for (const { url } of [hanging, receiver]) {
        const body = { url, events: ['message.sent'] };
        await system.call('POST', '/v1/webhook-endpoints', { key: system.keys.live, body });
      }
      const ids = await Promise.all(Array.from({ length: 8 }, () => system.send(MAIL)));
      await waitFor('each at the other', () => (receiver.received.length >= ids.length ? true : null));
      // One of four: it would otherwise have taken them all, for a minute.
      expect(hanging.received).toHaveLength(1);
    } finally {
      await system.stop();
      await Promise.all([hanging.stop(), receiver.stop()]);
    }
  });
});
