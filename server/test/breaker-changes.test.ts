import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import {
  type BreakerRecordKind,
  listBreakerChanges,
  pruneBreakerChanges,
  recordBreakerChange,
} from '../src/lib/db/breaker-changes.ts';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { type BareProfile, openBareProfile } from './support/bare-profile.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { isMissing } from './support/requires.ts';
import { startServiceProcess } from './support/service-process.ts';
import { startSmtpSink } from './support/smtp-sink.ts';
import {
  type Answer,
  createCaller,
  createClient,
  createStorage,
  describeOnBothProfiles,
  startSystem,
  type TestSystem,
  waitUntilEnded,
} from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const [ONE, TWO] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
const NIGHT = Date.parse('2026-09-01T02:00:00.000Z');
const MINUTE_MS = 60_000;

function dataOf({ body: { data } }: Answer): Record<string, unknown>[] {
  return Array.isArray(data) ? data : [];
}

describeOnBothProfiles('what is kept of breakers', (name) => {
  let profile: BareProfile;

  beforeAll(async () => {
    profile = await openBareProfile(name);
  }, 60_000);

  afterAll(() => profile.release());

  /** Seconds into the night, what, and by whom. */
  const record = (provider: string, changes: readonly [number, BreakerRecordKind, string?][]) =>
    changes.reduce<Promise<boolean[]>>(
      async (before, [seconds, kind, worker = ONE]) => [
        ...(await before),
        await recordBreakerChange(
          profile.database,
          { provider, kind, reason: `because of ${kind}\0`, worker },
          NIGHT + seconds * 1000,
        ),
      ],
      Promise.resolve([]),
    );

  test('several workers that find the same are one', async () => {
    const kept = await record('flood', [
      [0, 'opened'],
      [2, 'opened', TWO],
      [3, 'half_open'],
      [4, 'half_open', TWO],
      [5, 'probe_failed'],
      [6, 'probe_failed', TWO],
      [7, 'closed'],
      [8, 'closed', TWO],
    ]);
    expect(kept).toEqual([true, false, true, false, true, false, true, false]);
  });

  test('a provider that falls over again is told each time, and a long outage now and then', async () => {
    const flapping = await record('flapping', [
      [0, 'opened'],
      [5, 'closed'],
      [10, 'opened', TWO],
      [15, 'closed', TWO],
    ]);
    expect(flapping).toEqual([true, true, true, true]);
    const probes = Array.from({ length: 120 }, (_, n): [number, BreakerRecordKind][] => [
      [n * 30, 'half_open'],
      [n * 30 + 1, 'probe_failed'],
    ]);
    const hour = await record('down', [[-1, 'opened'], ...probes.flat()]);
    const told = hour.filter(Boolean).length;
    expect([told > 20, told < 26]).toEqual([true, true]);
    // Of another provider nothing is known by that.
    expect(await record('other', [[3000, 'opened']])).toEqual([true]);
  });

  test('two that write at once are one', async () => {
    const change = { provider: 'race', kind: 'opened', reason: 'x', worker: ONE } as const;
    const kept = await Promise.all(
      Array.from({ length: 8 }, () => recordBreakerChange(profile.database, change)),
    );
    expect(kept.filter(Boolean)).toHaveLength(1);
  });

  test('old ones are removed', async () => {
    await record('old', [
      [0, 'opened'],
      [600, 'closed'],
    ]);
    await pruneBreakerChanges(profile.database.db, new Date(NIGHT + MINUTE_MS));
    const left = await listBreakerChanges(profile.database.db, { provider: 'old', before: null, limit: 9 });
    expect(left.map(({ kind }) => kind)).toEqual(['closed']);
  });
});

describeOnBothProfiles('GET /v1/providers/:name/events', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile);
  }, 60_000);

  afterAll(() => system.stop());

  const ask = (query: string, name = 'smtp') =>
    system.call('GET', `/v1/providers/${name}/events${query}`, { key: system.keys.admin });

  test('says when a provider was down, and why', async () => {
    expect(await ask('')).toMatchObject({ status: 200, body: { data: [], nextCursor: null } });
    system.sink.setPlan({ greeting: () => ({ code: 421, text: 'closed for repairs' }) });
    const ids = await Promise.all(
      Array.from({ length: 6 }, () => system.send({ to: 'ada@example.net', subject: 'x', text: 'x' })),
    );
    await waitFor(
      'the outage to be told',
      async () => ((await ask('')).body.data as unknown[]).length || null,
    );
    system.sink.setPlan({});
    for (const id of ids) expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent' });
    const events = await waitFor('its end to be told', async () => {
      const told = dataOf(await ask('?limit=100'));
      return told[0]?.kind === 'closed' ? told : null;
    });
    expect(events.map(({ kind }) => kind)).toEqual(['closed', 'half_open', 'opened']);
    expect(events.at(-1)?.reason).toContain('closed for repairs');
    const first = await ask('?limit=2');
    expect(first.body.data).toEqual(events.slice(0, 2));
    expect((await ask(`?limit=2&cursor=${first.body.nextCursor}`)).body).toEqual({
      data: events.slice(2),
      nextCursor: null,
    });
    const since = encodeURIComponent(new Date(Date.now() + MINUTE_MS).toISOString());
    expect((await ask(`?since=${since}`)).body.data).toEqual([]);
    expect((await ask(`?until=${since}`)).body.data).toEqual(events);
    const { body: shown } = await system.call('GET', '/v1/providers', { key: system.keys.admin });
    expect(JSON.stringify(shown)).toContain(String(events[0]?.worker));
  }, 90_000);

  test('knows no provider that there is none of, and is for admins', async () => {
    expect(await ask('', 'smpt')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await ask('?since=yesterday')).body).toMatchObject({ code: 'invalid_request' });
    const refused = await system.call('GET', '/v1/providers/smtp/events', { key: system.keys.live });
    expect([refused.status, refused.body.code]).toEqual([403, 'scope_missing']);
  });
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('an API and its workers apart', () => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  });

  test('the API shows how each worker finds the providers, and found them', async () => {
    const [storage, sink] = await Promise.all([
      createStorage('production'),
      startSmtpSink({ plan: { greeting: () => ({ code: 421, text: 'closed for repairs' }) } }),
    ]);
    cleanups.push(storage.release, sink.stop);
    await migrateDatabaseAt(storage.env.DATABASE_URL ?? '');
    const admin = createApiKey('live').text;
    const env = { ...storage.env, MAIL_FROM: 'shop@example.com', ADMIN_API_KEY: admin, RETRY_BASE_MS: '100' };
    const relay = { SMTP_HOST: sink.host, SMTP_PORT: String(sink.port) };
    const api = await startServiceProcess({ ...env, SERVICE_ROLE: 'API', PORT: '0', HOST: '127.0.0.1' });
    cleanups.push(api.kill9);
    for (const _worker of [ONE, TWO]) {
      const worker = await startServiceProcess({ ...env, ...relay, SERVICE_ROLE: 'WORKER' });
      cleanups.push(worker.kill9);
    }
    const call = createCaller(api.url);
    const { live } = await createClient(call, admin);
    const send = async () => {
      const { body } = await call('POST', '/v1/messages', {
        key: live,
        body: { to: 'ada@example.net', subject: 'x', text: 'x' },
      });
      return String(body.messageId);
    };
    const ids = await Promise.all(Array.from({ length: 20 }, send));
    const opened = await waitFor('the outage to be told', async () => {
      const told = dataOf(await call('GET', '/v1/providers/smtp/events', { key: admin }));
      return told.at(-1) ?? null;
    });
    expect(opened).toMatchObject({ kind: 'opened' });
    sink.setPlan({});
    for (const id of ids)
      expect(await waitUntilEnded(call, id, live)).toMatchObject({ status: 'sent', provider: 'smtp' });
    const workers = await waitFor('both workers to report', async () => {
      const [provider] = dataOf(await call('GET', '/v1/providers', { key: admin }));
      return Array.isArray(provider?.workers) && provider.workers.length === 2 ? provider.workers : null;
    });
    expect(workers.map(({ worker }) => worker)).toContain(opened.worker);
  }, 120_000);
});
