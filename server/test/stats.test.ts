import { afterAll, beforeAll, expect, test } from 'bun:test';
import { insertRow, type RowOptions } from './support/message-rows.ts';
import { createClient, describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

const DAY = Date.UTC(2026, 4, 17);
const HOUR_MS = 3_600_000;

describeOnBothProfiles('GET /v1/stats', (profile) => {
  let system: TestSystem;
  let client: Awaited<ReturnType<typeof createClient>>;

  beforeAll(async () => {
    system = await startSystem(profile);
    client = await createClient(system.call, system.keys.admin);
    await add(0, { status: 'delivered', templateName: 'welcome', provider: 'ses' });
    await add(HOUR_MS - 1, { status: 'delivered', templateName: 'welcome', provider: 'ses' });
    await add(HOUR_MS, { status: 'failed', templateName: 'welcome', provider: 'smtp' });
    await add(2.5 * HOUR_MS, { status: 'bounced', provider: 'ses' });
    await add(3 * HOUR_MS, { status: 'sent', templateName: 'later', provider: 'ses' });
    await add(HOUR_MS, { status: 'sent', mode: 'test', templateName: 'tried', provider: 'inbox' });
    await add(HOUR_MS, {
      status: 'sent',
      clientId: system.clientId,
      templateName: 'welcome',
      provider: 'ses',
    });
  }, 60_000);

  afterAll(() => system.stop());

  const add = (sinceMs: number, columns: RowOptions) => {
    const createdAt = new Date(DAY + sinceMs);
    const owner = { database: system.database, clientId: client.clientId };
    return insertRow(owner, { id: idAt(createdAt), createdAt, ...columns });
  };
  const stats = async (query: string, key = client.live) =>
    (await system.call('GET', `/v1/stats?${query}`, { key })).body;
  const until = (hours: number) => new Date(DAY + hours * HOUR_MS).toISOString();

  test('counts what the key sees by status, template, provider and hour', async () => {
    expect(await stats(`since=${until(0)}&until=${until(3)}`)).toEqual({
      mode: 'live',
      since: until(0),
      until: until(3),
      bucket: 'hour',
      total: 4,
      byStatus: { delivered: 2, failed: 1, bounced: 1 },
      byTemplate: [
        { template: 'welcome', total: 3, byStatus: { delivered: 2, failed: 1 } },
        { template: null, total: 1, byStatus: { bounced: 1 } },
      ],
      byProvider: [
        { provider: 'ses', total: 3, byStatus: { delivered: 2, bounced: 1 } },
        { provider: 'smtp', total: 1, byStatus: { failed: 1 } },
      ],
      buckets: [
        { at: until(0), total: 2, byStatus: { delivered: 2 } },
        { at: until(1), total: 1, byStatus: { failed: 1 } },
        { at: until(2), total: 1, byStatus: { bounced: 1 } },
      ],
    });
  });

  test('a test key sees test mail, an admin key that of all clients, of either mode', async () => {
    const span = `since=${until(0)}&until=${until(24)}&bucket=day`;
    expect(await stats(span)).toMatchObject({ total: 5, buckets: [{ at: until(0), total: 5 }] });
    expect(await stats(span, client.test)).toMatchObject({ mode: 'test', total: 1, byStatus: { sent: 1 } });
    expect(await stats(span, system.keys.admin)).toMatchObject({ mode: 'live', total: 6 });
    expect(await stats(`${span}&mode=test`, system.keys.admin)).toMatchObject({ mode: 'test', total: 1 });
    expect(await stats(span, system.keys.live)).toMatchObject({ total: 1 });
  });

  test('bounds within a bucket cut it', async () => {
    expect(await stats(`since=${until(0.5)}&until=${until(2.75)}`)).toMatchObject({
      total: 3,
      buckets: [
        { at: until(0.5), total: 1 },
        { at: until(1), total: 1 },
        { at: until(2), total: 1 },
      ],
    });
  });

  test('a message moves from one count to another with its status', async () => {
    const other = await createClient(system.call, system.keys.admin);
    const id = await system.send({ to: 'a@example.net', subject: 'x', text: 'x' }, other.live);
    await system.waitUntilEnded(id, other.live);
    const far = new Date(Date.now() + HOUR_MS).toISOString();
    expect(await stats(`until=${far}`, other.live)).toMatchObject({ total: 1, byStatus: { sent: 1 } });
  });

  test.each([
    [`since=${new Date(DAY).toISOString()}&until=${new Date(DAY).toISOString()}`, '/since'],
    ['since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00.001Z', '/since'],
    ['since=2020-01-01T00:00:00Z&until=2026-01-01T00:00:00Z&bucket=day', '/since'],
    ['bucket=minute', '/bucket'],
    ['mode=test', '/mode'],
    ['from=2026-01-01T00:00:00Z', '/from'],
  ])('refuses ?%s', async (query, path) => {
    expect(await stats(query)).toMatchObject({ status: 422, errors: [{ path }] });
  });

  test('needs a key that may read', async () => {
    expect((await system.call('GET', '/v1/stats')).status).toBe(401);
  });
});

/** An id of version 7 of a moment. */
function idAt(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}${Bun.randomUUIDv7().slice(13)}`;
}
