import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { waitFor } from '../../server/test/support/wait-for.ts';
import { createMailer, type Mailer } from '../src/index.ts';

describe("the SDK with an admin's key", () => {
  let system: TestSystem;
  let admin: Mailer;

  beforeAll(async () => {
    system = await startSystem('embedded');
    admin = createMailer({ baseUrl: system.url, apiKey: system.keys.admin });
  }, 60_000);

  afterAll(() => system.stop());

  /** The code that the key is refused with, or null where it is good. */
  const refusalOf = async (apiKey: string) => {
    const { error } = await createMailer({ baseUrl: system.url, apiKey, retry: false }).safe.whoami();
    return error?.code ?? null;
  };

  test('creates, finds, changes, suspends and deletes a client', async () => {
    const client = await admin.clients.create({ name: 'shop', rateLimit: 600 });
    expect(client).toMatchObject({ name: 'shop', status: 'active', rateLimit: 600, quotaLimit: null });
    expect((await admin.safe.clients.create({ name: 'shop' })).error).toMatchObject({ code: 'name_taken' });
    expect(await admin.clients.get(client.id)).toEqual(client);
    expect((await admin.clients.list({ name: 'shop' })).data).toEqual([client]);
    const changed = await admin.clients.update(client.id, { rateLimit: null, quotaLimit: 5 });
    expect(changed).toMatchObject({ name: 'shop', rateLimit: null, quotaLimit: 5 });

    const { key } = await admin.keys.create(client.id, { name: 'app' });
    expect((await admin.clients.suspend(client.id)).status).toBe('suspended');
    expect(await refusalOf(key)).toBe('client_suspended');
    const suspended = await Array.fromAsync(admin.clients.list({ status: 'suspended', limit: 1 }));
    expect(suspended.map(({ id }) => id)).toEqual([client.id]);
    expect((await admin.clients.activate(client.id)).status).toBe('active');
    expect(await refusalOf(key)).toBeNull();

    expect((await admin.safe.clients.delete(client.id, 'another')).error).toMatchObject({
      code: 'invalid_request',
      errors: [{ path: '/confirm' }],
    });
    expect(await admin.clients.delete(client.id, 'shop')).toMatchObject({
      id: client.id,
      removed: { messages: 0, keys: 1 },
    });
    expect((await admin.safe.clients.get(client.id)).error).toMatchObject({ code: 'not_found' });
    expect(await refusalOf(key)).toBe('unauthenticated');
  });

  test('lists clients page by page', async () => {
    const made = [];
    for (const name of ['one', 'two', 'three']) made.push((await admin.clients.create({ name })).id);
    const all = await Array.fromAsync(admin.clients.list({ limit: 2 }));
    expect(all.slice(0, 3).map(({ id }) => id)).toEqual(made.toReversed());
  });

  test('creates, lists, rotates and revokes keys', async () => {
    const { id: clientId } = await admin.clients.create({ name: 'keys' });
    const first = await admin.keys.create(clientId, { name: 'app', mode: 'test', scopes: ['read'] });
    const rotated = await admin.keys.rotate(clientId, first.id, { overlapS: 3600 });
    expect(rotated).toMatchObject({
      name: 'app',
      mode: 'test',
      scopes: ['read'],
      replaces: { id: first.id },
    });
    expect([await refusalOf(first.key), await refusalOf(rotated.key)]).toEqual([null, null]);
    const listed = await Array.fromAsync(admin.keys.list(clientId, { limit: 1 }));
    expect(listed.map(({ id }) => id)).toEqual([rotated.id, first.id]);
    expect(listed.every((key) => !('key' in key))).toBe(true);
    await admin.keys.revoke(clientId, first.id);
    expect([await refusalOf(first.key), await refusalOf(rotated.key)]).toEqual(['unauthenticated', null]);
    // Revoking what has been revoked changes nothing.
    await admin.keys.revoke(clientId, first.id);
    expect((await admin.safe.keys.rotate(clientId, first.id)).error).toMatchObject({ code: 'not_found' });
  });

  test('pauses the queue and lets it go on', async () => {
    expect(await admin.queue.get()).toMatchObject({ paused: false, waiting: 0 });
    expect(await admin.queue.pause()).toMatchObject({ paused: true });
    const id = await system.send({ to: 'ada@example.net', subject: 'x', text: 'x' });
    expect(await admin.queue.get()).toMatchObject({ paused: true });
    const client = createMailer({ baseUrl: system.url, apiKey: system.keys.live });
    expect((await client.messages.get(id)).status).toBe('queued');
    expect(await admin.queue.resume()).toMatchObject({ paused: false });
    expect((await system.waitUntilEnded(id)).status).toBe('sent');
  }, 60_000);

  test('shows providers as each worker finds them', async () => {
    const providers = await waitFor('the worker to report', async () => {
      const { data } = await admin.providers.list();
      return data.length > 0 ? data : null;
    });
    expect(providers).toMatchObject([{ name: 'smtp', workers: [{ breaker: { state: 'closed' } }] }]);
    expect(await Array.fromAsync(admin.providers.list())).toHaveLength(1);
    expect(await admin.providers.events('smtp', { limit: 5 })).toEqual({ data: [], nextCursor: null });
    const unknown = await admin.safe.providers.events('smpt');
    expect(unknown.error?.code).toBe('not_found');
  }, 60_000);

  test('counts what everybody sent, a client its own', async () => {
    const client = createMailer({ baseUrl: system.url, apiKey: system.keys.live });
    const before = await client.stats.get();
    await system.waitUntilEnded(await system.send({ to: 'ada@example.net', subject: 'x', text: 'x' }));
    const after = await client.stats.get();
    expect(after).toMatchObject({ mode: 'live', bucket: 'hour', total: before.total + 1 });
    expect(after.byProvider.find(({ provider }) => provider === 'smtp')?.byStatus['sent']).toBeGreaterThan(0);
    expect(after.buckets).toHaveLength(24);
    const byDay = await admin.stats.get({ bucket: 'day', mode: 'test' });
    expect(byDay).toMatchObject({ mode: 'test', total: 0 });
    expect(byDay.buckets).toHaveLength(30);
  }, 60_000);

  test('says that it is one, and is refused nothing but what a client alone may', async () => {
    expect(await admin.whoami()).toMatchObject({ kind: 'admin', scopes: ['admin'], client: null });
    const client = createMailer({ baseUrl: system.url, apiKey: system.keys.live });
    for (const call of [client.safe.clients.list(), client.safe.queue.get(), client.safe.providers.list()])
      expect((await call).error).toMatchObject({ code: 'scope_missing', status: 403 });
    expect((await admin.safe.recipients.erase('a@example.net')).error?.status).toBe(403);
  });
});
