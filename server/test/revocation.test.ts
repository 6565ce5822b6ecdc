import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { Redis } from 'ioredis';
import { MAX_KEY_AGE_MS } from '../src/api/controllers/stream.ts';
import type { ApiTimes } from '../src/api/services.ts';
import { type RunningApi, startApi } from '../src/api/start.ts';
import { RECHECK_MS } from '../src/api/streams/streams.ts';
import { parseConfig } from '../src/config.ts';
import { apiKeys } from '../src/db/schema.ts';
import { createApiKey, parseApiKey } from '../src/lib/auth/api-key.ts';
import { openProfile, type Profile } from '../src/lib/profile.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { createSilentTelemetry } from '../src/lib/telemetry/telemetry.ts';
import { openEventReader } from './support/event-reader.ts';
import { NO_ENGINE } from './support/list-routes.ts';
import { waitForListeners } from './support/listeners.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { isMissing } from './support/requires.ts';
import {
  createCaller,
  createClient,
  createStorage,
  describeOnBothProfiles,
  type ProfileName,
  type TestStorage,
} from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const LOGGER = createLogger({ level: 'silent' });
/** Far longer than any wait here: what ends in these tests was told to. */
const NEVER_MS = 3_600_000;

/** One of the instances on a storage, by a clock that only the test moves: nothing it remembers grows old. */
type Instance = { api: RunningApi; profile: Profile; call: ReturnType<typeof createCaller> };

function createStage(name: ProfileName) {
  const admin = createApiKey('live').text;
  const running: Instance[] = [];
  let storage: TestStorage;
  let nowMs = Date.now();

  return {
    admin,
    passMs: (ms: number) => void (nowMs += ms),
    async prepare() {
      storage = await createStorage(name);
      if (name === 'production') await migrateDatabaseAt(storage.env.DATABASE_URL ?? '');
      return storage.env;
    },
    async start(streams: ApiTimes['streams'] = { recheckMs: NEVER_MS }): Promise<Instance> {
      const env = {
        SERVICE_ROLE: 'DEV',
        PORT: '0',
        ADMIN_API_KEY: admin,
        SHUTDOWN_DRAIN_MS: '0',
        ...storage.env,
      };
      const config = parseConfig(env);
      const profile =
        running.find(() => name === 'embedded')?.profile ?? (await openProfile(config.storage, LOGGER));
      const times = { now: () => new Date(nowMs), streams };
      const deps = { config, profile, engine: NO_ENGINE, logger: LOGGER, telemetry: createSilentTelemetry() };
      const api = startApi({ ...deps, times });
      const instance = { api, profile, call: createCaller(api.url) };
      running.push(instance);
      return instance;
    },
    async stop() {
      for (const { api } of running) await api.stop();
      for (const profile of new Set(running.map((instance) => instance.profile))) await profile.close();
      await storage.release();
    },
  };
}
type Stage = ReturnType<typeof createStage>;

const statusOf = async ({ call }: Instance, key: string) => (await call('GET', '/v1/whoami', { key })).status;

/** As a person does it, through one of the instances. */
async function revoke({ admin }: Stage, { call }: Instance, clientId: string, key: string): Promise<void> {
  const { body } = await call('GET', `/v1/clients/${clientId}/keys`, { key: admin });
  const { prefix } = parseApiKey(key) ?? {};
  const keys: { id: string; prefix: string }[] = Array.isArray(body.data) ? body.data : [];
  const id = keys.find((candidate) => candidate.prefix === prefix)?.id;
  expect((await call('DELETE', `/v1/clients/${clientId}/keys/${id}`, { key: admin })).status).toBe(204);
}

/** Without anybody being told. */
async function revokeInSilence({ profile }: Instance, key: string): Promise<void> {
  await profile.database.db
    .update(apiKeys)
    .set({ revokedAt: new Date() })
    .where(eq(apiKeys.prefix, parseApiKey(key)?.prefix ?? ''));
}

describeOnBothProfiles('a revoked key at the instance that revoked it', (name) => {
  const stage = createStage(name);
  let instance: Instance;
  let client: Awaited<ReturnType<typeof createClient>>;

  beforeAll(async () => {
    await stage.prepare();
    instance = await stage.start();
    client = await createClient(instance.call, stage.admin);
  }, 60_000);
  afterAll(() => stage.stop());

  test('is remembered until somebody is told', async () => {
    expect(await statusOf(instance, client.test)).toBe(200);
    await revokeInSilence(instance, client.test);
    expect(await statusOf(instance, client.test)).toBe(200);
    stage.passMs(1500);
    expect(await statusOf(instance, client.test)).toBe(401);
  });

  test('is refused by the next request', async () => {
    expect(await statusOf(instance, client.live)).toBe(200);
    await revoke(stage, instance, client.clientId, client.live);
    expect(await statusOf(instance, client.live)).toBe(401);
  });
});

const REASON = 'the key is no longer valid';

/** Resolves once the stream has said its first line. */
async function openStream({ api }: Instance, key: string) {
  const reader = await openEventReader(api.url, { key });
  await waitFor('the first line', () => (reader.lastEventId === '' ? null : true));
  return reader;
}

describeOnBothProfiles('the streams of a revoked key', (name) => {
  const stage = createStage(name);
  let told: Instance;
  let untold: Instance;

  beforeAll(async () => {
    await stage.prepare();
    told = await stage.start();
    untold = await stage.start({ recheckMs: 10 });
  }, 60_000);
  afterAll(() => stage.stop());

  test('end at the instance that revoked it, and those of other keys go on', async () => {
    const { clientId, live, test: other } = await createClient(told.call, stage.admin);
    const stranger = await createClient(told.call, stage.admin);
    const streams = [await openStream(told, live), await openStream(told, live)];
    const others = [await openStream(told, other), await openStream(told, stranger.live)];
    await revoke(stage, told, clientId, live);
    await Promise.all(streams.map(({ ended }) => ended));
    expect(streams.map(({ comments }) => comments)).toEqual([[REASON], [REASON]]);
    expect(others.flatMap(({ comments }) => comments)).toEqual([]);
    await Promise.all(others.map((reader) => reader.close()));
  });

  test('end without any news, before requests notice', async () => {
    const { live } = await createClient(untold.call, stage.admin);
    const reader = await openStream(untold, live);
    await revokeInSilence(untold, live);
    stage.passMs(MAX_KEY_AGE_MS);
    await reader.ended;
    expect(reader.comments).toEqual([REASON]);
  });

  test('end at once where the key was only remembered', async () => {
    const { live } = await createClient(told.call, stage.admin);
    expect(await statusOf(told, live)).toBe(200);
    await revokeInSilence(told, live);
    stage.passMs(MAX_KEY_AGE_MS);
    const reader = await openEventReader(told.api.url, { key: live });
    await reader.ended;
    expect([reader.status, reader.comments]).toEqual([200, [REASON]]);
  });
});

test('the streams of a revoked key end within two seconds where no news comes', () => {
  // The rest is for the look-up itself.
  expect(RECHECK_MS + MAX_KEY_AGE_MS).toBeLessThanOrEqual(1750);
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('a revoked key at another instance', () => {
  const stage = createStage('production');
  let one: Instance;
  let two: Instance;
  let redis: Redis;

  beforeAll(async () => {
    const env = await stage.prepare();
    redis = new Redis(env.REDIS_URL ?? '');
    [one, two] = [await stage.start(), await stage.start()];
    await waitForListeners(redis, 'mail:keys', 2);
  }, 60_000);
  afterAll(async () => {
    redis.disconnect();
    await stage.stop();
  });

  test('is refused as soon as the news is there, though it is still remembered', async () => {
    const { clientId, live } = await createClient(one.call, stage.admin);
    expect([await statusOf(one, live), await statusOf(two, live)]).toEqual([200, 200]);
    await revoke(stage, one, clientId, live);
    await waitFor('the other to refuse it', async () => ((await statusOf(two, live)) === 401 ? true : null));
  });

  test('a suspended client is refused there too', async () => {
    const { clientId, live } = await createClient(one.call, stage.admin);
    expect(await statusOf(two, live)).toBe(200);
    await one.call('POST', `/v1/clients/${clientId}/suspend`, { key: stage.admin });
    await waitFor('the other to refuse it', async () => ((await statusOf(two, live)) === 403 ? true : null));
  });

  test('ends its streams there', async () => {
    const { clientId, live } = await createClient(one.call, stage.admin);
    const reader = await openStream(two, live);
    await revoke(stage, one, clientId, live);
    await reader.ended;
    expect(reader.comments).toEqual([REASON]);
  });
});
