import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { parseConfig } from '../src/config.ts';
import { startService } from '../src/index.ts';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { isMissing } from './support/requires.ts';
import {
  createCaller,
  createClient,
  createStorage,
  describeOnBothProfiles,
  startSystem,
  type TestSystem,
} from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const MAIL = { to: 'ada@example.net', subject: 'Hello', text: 'Hello' };
const NOBODY = '01990000-0000-7000-8000-000000000000';

describeOnBothProfiles('administration', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const admin = (method: string, path: string, body?: unknown) =>
    system.call(method, path, { key: system.keys.admin, ...(body === undefined ? {} : { body }) });
  const whoami = async (key: string) => (await system.call('GET', '/v1/whoami', { key })).status;
  const newClient = () => createClient(system.call, system.keys.admin);
  const nameOf = async (id: string) => String((await admin('GET', `/v1/clients/${id}`)).body.name);
  const newKey = async (clientId: string, body: Record<string, unknown> = { name: 'x' }) => {
    const answer = await admin('POST', `/v1/clients/${clientId}/keys`, body);
    return { id: String(answer.body.id), key: String(answer.body.key) };
  };

  test('clients are read one by one, and listed newest first in pages', async () => {
    const ids = [await newClient(), await newClient(), await newClient()].map(({ clientId }) => clientId);
    const first = await admin('GET', '/v1/clients?limit=2');
    const next = await admin('GET', `/v1/clients?limit=1&cursor=${String(first.body.nextCursor)}`);
    expect([first.body.data, next.body.data].flat()).toMatchObject(ids.toReversed().map((id) => ({ id })));
    const name = await nameOf(ids[0] ?? '');
    const byName = await admin('GET', `/v1/clients?name=${encodeURIComponent(name)}`);
    expect(byName.body).toMatchObject({ data: [{ id: ids[0], name, status: 'active' }], nextCursor: null });
    expect((await admin('GET', `/v1/clients/${NOBODY}`)).status).toBe(404);
    expect((await admin('GET', '/v1/clients/x')).status).toBe(404);
  });

  test('a suspended client is refused until it is active again', async () => {
    const { clientId, live } = await newClient();
    expect((await admin('POST', `/v1/clients/${clientId}/suspend`)).body.status).toBe('suspended');
    expect(await whoami(live)).toBe(403);
    expect((await admin('GET', '/v1/clients?status=suspended')).body.data).toMatchObject([{ id: clientId }]);
    await admin('PATCH', `/v1/clients/${clientId}`, { status: 'active' });
    expect(await whoami(live)).toBe(200);
  });

  test('a client goes with all that is its own, once its name is given', async () => {
    const { clientId, live } = await newClient();
    const other = await newClient();
    const name = await nameOf(clientId);
    const attachment = { filename: 'a.txt', content: btoa('a') };
    const id = await system.send({ ...MAIL, attachments: [attachment] }, live);
    await system.waitUntilEnded(id, live);
    await system.call('POST', '/v1/suppressions', { key: live, body: { email: 'bob@example.net' } });
    const path = `/v1/clients/${clientId}`;
    const unconfirmed = await admin('DELETE', path);
    expect([unconfirmed.status, unconfirmed.body.errors]).toMatchObject([422, [{ path: '/confirm' }]]);
    expect((await admin('DELETE', `${path}?confirm=other`)).status).toBe(422);
    expect(await whoami(live)).toBe(200);
    const answer = await admin('DELETE', `${path}?confirm=${encodeURIComponent(name)}`);
    expect([answer.status, answer.body]).toEqual([
      200,
      { id: clientId, name, removed: { messages: 1, templates: 0, suppressions: 1, keys: 2 } },
    ]);
    expect(await system.profile.blobs.get(`attachment/${id}/0`)).toBeNull();
    expect(await whoami(live)).toBe(401);
    expect((await admin('GET', path)).status).toBe(404);
    expect(await whoami(other.live)).toBe(200);
  });

  test('a client with mail under way stays as it is', async () => {
    const { clientId, live } = await newClient();
    const confirm = encodeURIComponent(await nameOf(clientId));
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    const id = await system.send({ ...MAIL, scheduledAt }, live);
    const answer = await admin('DELETE', `/v1/clients/${clientId}?confirm=${confirm}`);
    expect([answer.status, answer.body.code]).toEqual([409, 'client_in_use']);
    expect(await whoami(live)).toBe(200);
    await system.call('POST', `/v1/messages/${id}/cancel`, { key: live });
    expect((await admin('DELETE', `/v1/clients/${clientId}?confirm=${confirm}`)).status).toBe(200);
  });

  test('keys are listed without a secret, and a revoked one is refused at once', async () => {
    const { clientId } = await newClient();
    const { id, key } = await newKey(clientId, { name: 'reader', scopes: ['read'], mode: 'test' });
    expect(await whoami(key)).toBe(200);
    const { body } = await admin('GET', `/v1/clients/${clientId}/keys?limit=1`);
    expect(body.data).toMatchObject([
      { id, name: 'reader', scopes: ['read'], mode: 'test', revokedAt: null },
    ]);
    expect(body.nextCursor).toBeString();
    expect(JSON.stringify(body)).not.toContain(key.split('_').at(-1));
    expect(JSON.stringify(body)).not.toContain('secretHash');
    expect((await admin('DELETE', `/v1/clients/${clientId}/keys/${id}`)).status).toBe(204);
    expect(await whoami(key)).toBe(401);
    const after = await admin('GET', `/v1/clients/${clientId}/keys?limit=1`);
    expect(JSON.stringify(after.body)).toMatch(/"revokedAt":"20.*"lastUsedAt":"20/);
    // Revoking is what it is however often it is said, and keeps the time of the first.
    expect((await admin('DELETE', `/v1/clients/${clientId}/keys/${id}`)).status).toBe(204);
    expect((await admin('GET', `/v1/clients/${clientId}/keys?limit=1`)).body).toEqual(after.body);
    expect((await admin('DELETE', `/v1/clients/${clientId}/keys/${NOBODY}`)).status).toBe(404);
    expect((await admin('POST', `/v1/clients/${clientId}/keys/${id}/rotate`)).status).toBe(404);
  });

  test('a key belongs to its client: through another it is not there', async () => {
    const [one, two] = [await newClient(), await newClient()];
    const { id, key } = await newKey(one.clientId);
    expect((await admin('DELETE', `/v1/clients/${two.clientId}/keys/${id}`)).status).toBe(404);
    expect((await admin('POST', `/v1/clients/${two.clientId}/keys/${id}/rotate`)).status).toBe(404);
    expect((await admin('GET', `/v1/clients/${NOBODY}/keys`)).status).toBe(404);
    expect(await whoami(key)).toBe(200);
  });

  test('a rotated key is good for the overlap and no longer, and the new one is like it', async () => {
    const { clientId } = await newClient();
    const { id, key } = await newKey(clientId, { name: 'app', scopes: ['send'], mode: 'test' });
    const kept = await admin('POST', `/v1/clients/${clientId}/keys/${id}/rotate`, { overlapS: 3600 });
    expect([kept.status, kept.body]).toMatchObject([
      201,
      { name: 'app', scopes: ['send'], mode: 'test', expiresAt: null, replaces: { id } },
    ]);
    const next = String(kept.body.key);
    expect([await whoami(key), await whoami(next)]).toEqual([200, 200]);
    const cut = await admin('POST', `/v1/clients/${clientId}/keys/${String(kept.body.id)}/rotate`, {
      overlapS: 0,
    });
    expect([await whoami(next), await whoami(String(cut.body.key))]).toEqual([401, 200]);
    // It has ended already.
    const again = await admin('POST', `/v1/clients/${clientId}/keys/${String(kept.body.id)}/rotate`);
    expect(again.status).toBe(404);
  });

  test('only an admin key may', async () => {
    const { clientId, live } = await newClient();
    const paths = [
      ['GET', '/v1/clients'],
      ['GET', `/v1/clients/${clientId}`],
      ['DELETE', `/v1/clients/${clientId}`],
      ['POST', `/v1/clients/${clientId}/suspend`],
      ['GET', `/v1/clients/${clientId}/keys`],
      ['DELETE', `/v1/clients/${clientId}/keys/${NOBODY}`],
      ['POST', `/v1/clients/${clientId}/keys/${NOBODY}/rotate`],
      ['GET', '/v1/queue'],
      ['GET', '/v1/providers'],
      ['POST', '/v1/queue/pause'],
      ['POST', '/v1/queue/resume'],
    ] as const;
    for (const [method, path] of paths) {
      const answer = await system.call(method, path, { key: live });
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'scope_missing']);
      expect((await system.call(method, path)).status).toBe(401);
    }
  });

  test('who asks is told who it is, without a secret', async () => {
    const { body } = await system.call('GET', '/v1/whoami', { key: system.keys.test });
    expect(body).toMatchObject({ kind: 'client', mode: 'test', client: { id: system.clientId } });
    expect(JSON.stringify(body)).not.toContain(system.keys.test);
    expect((await admin('GET', '/v1/whoami')).body).toMatchObject({ kind: 'admin', client: null });
  });

  test('a client is bound to a provider of any name that a provider may have', async () => {
    const { clientId } = await newClient();
    const bind = (provider: string | null) => admin('PATCH', `/v1/clients/${clientId}`, { provider });
    for (const name of ['my_relay', 'a-1', null])
      expect(await bind(name)).toMatchObject({ status: 200, body: { provider: name } });
    expect(await bind('My relay')).toMatchObject({ status: 422, body: { errors: [{ path: '/provider' }] } });
  });

  test('providers are shown as their workers find them', async () => {
    await system.waitUntilEnded(await system.send(MAIL));
    const shown = await waitFor('the worker to report', async () => {
      const { body } = await admin('GET', '/v1/providers');
      return JSON.stringify(body).includes('"sent":') ? body : null;
    });
    expect(shown.data).toMatchObject([
      { name: 'smtp', workers: [{ kind: 'smtp', breaker: { state: 'closed', reason: null } }] },
    ]);
  }, 60_000);

  test('a paused queue takes mail and sends none until it goes on', async () => {
    expect((await admin('POST', '/v1/queue/pause')).body).toMatchObject({ paused: true });
    const ids = [await system.send(MAIL), await system.send({ ...MAIL, priority: 'high' })];
    const before = system.sink.mails.length;
    await waitFor('both to wait', async () => {
      const { body } = await admin('GET', '/v1/queue');
      return body.paused === true && Number(body.waiting) === 2 ? true : null;
    });
    // A job that is given to the workers all the same would be gone from the queue, or active.
    for (const id of ids)
      expect((await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live })).body.status).toBe(
        'queued',
      );
    expect(system.sink.mails.length).toBe(before);
    expect((await admin('POST', '/v1/queue/resume')).body).toMatchObject({ paused: false });
    for (const id of ids) expect((await system.waitUntilEnded(id)).status).toBe('sent');
  }, 60_000);
});

test('an address that guesses is slowed down, whichever way it guesses, and others are not', async () => {
  const system = await startSystem('embedded', { MAX_AUTH_FAILURES: '5', TRUST_PROXY: 'true' });
  const ask = (key: string | null, from: string) =>
    system.call('GET', '/v1/whoami', {
      ...(key === null ? {} : { key }),
      headers: { 'x-forwarded-for': `198.51.100.9, ${from}` },
    });
  try {
    const wrong = `${system.keys.live.slice(0, -1)}${system.keys.live.endsWith('A') ? 'B' : 'A'}`;
    const wrongAdmin = `${system.keys.admin.slice(0, -1)}${system.keys.admin.endsWith('A') ? 'B' : 'A'}`;
    expect((await ask(system.keys.live, '192.0.2.1')).status).toBe(200);
    const guesses = [createApiKey('live').text, wrong, wrongAdmin, 'x', createApiKey('test').text];
    const answers = [];
    for (const guess of guesses) answers.push(await ask(guess, '192.0.2.1'));
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      guesses.map(() => [401, 'unauthenticated']),
    );
    // One answer for all of them, but for its ids.
    expect(new Set(answers.map(({ body }) => body.detail)).size).toBe(1);
    const refused = await ask(createApiKey('live').text, '192.0.2.1');
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_failures']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(wrong, '192.0.2.1')).status).toBe(429);
    // A key that was good a moment ago, no key at all, and other addresses are none of it.
    expect((await ask(system.keys.live, '192.0.2.1')).status).toBe(200);
    expect((await ask(null, '192.0.2.1')).status).toBe(401);
    expect((await ask(createApiKey('live').text, '192.0.2.2')).status).toBe(401);
    expect((await ask(system.keys.test, '192.0.2.2')).status).toBe(200);
  } finally {
    await system.stop();
  }
}, 60_000);

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('several instances', () => {
  test('a key revoked at one is refused at the other within two seconds; a pause outlasts every process', async () => {
    const storage = await createStorage('production');
    const adminKey = createApiKey('live').text;
    const env = {
      ...storage.env,
      SERVICE_ROLE: 'API',
      SHUTDOWN_DRAIN_MS: '0',
      HOST: '127.0.0.1',
      PORT: '0',
      MAIL_FROM: 'shop@example.com',
      ADMIN_API_KEY: adminKey,
    };
    await migrateDatabaseAt(storage.env.DATABASE_URL ?? '');
    const start = () => startService(parseConfig(env), createLogger({ level: 'silent' }));
    const [one, two] = [await start(), await start()];
    const running = [one, two];
    try {
      const [callOne, callTwo] = [createCaller(one.url ?? ''), createCaller(two.url ?? '')];
      const { clientId, live } = await createClient(callOne, adminKey);
      expect((await callTwo('GET', '/v1/whoami', { key: live })).status).toBe(200);
      const keys = await callOne('GET', `/v1/clients/${clientId}/keys`, { key: adminKey });
      const list = Array.isArray(keys.body.data) ? keys.body.data : [];
      const id = String(list.find(({ mode }) => mode === 'live')?.id);
      await callOne('DELETE', `/v1/clients/${clientId}/keys/${id}`, { key: adminKey });
      await waitFor('the other instance to refuse the key', async () => {
        const { status } = await callTwo('GET', '/v1/whoami', { key: live });
        return status === 401 ? true : null;
      });
      await callOne('POST', '/v1/queue/pause', { key: adminKey });
      await two.stop();
      const three = await start();
      running.push(three);
      const queue = await createCaller(three.url ?? '')('GET', '/v1/queue', { key: adminKey });
      expect(queue.body).toMatchObject({ paused: true, waiting: 0 });
    } finally {
      for (const service of running) await service.stop();
      await storage.release();
    }
  }, 90_000);
});
