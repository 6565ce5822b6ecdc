import { describe } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../src/config.ts';
import { startService } from '../../src/index.ts';
import { createApiKey } from '../../src/lib/auth/api-key.ts';
import type { Database } from '../../src/lib/db/database.ts';
import type { Profile } from '../../src/lib/profile.ts';
import { createMetrics } from '../../src/lib/telemetry/metrics.ts';
import { SILENT_TRACER } from '../../src/lib/telemetry/tracer.ts';
import { createLogger } from '../../src/lib/telemetry/logger.ts';
import { migrateDatabaseAt } from './migrate.ts';
import { acquirePostgres, acquireRedis } from './once-per-run.ts';
import { isMissing } from './requires.ts';
import { createTestMeter } from './test-meter.ts';
import { type SmtpSink, startSmtpSink } from './smtp-sink.ts';
import { waitFor } from './wait-for.ts';

export type ProfileName = 'embedded' | 'production';

/** Settings of a process on a profile, with data of its own; `release` gives back what was made for it. */
export type TestStorage = { env: Record<string, string>; release(): Promise<void> };

export type Answer = { status: number; headers: Headers; body: Record<string, unknown> };

export type CallOptions = { key?: string; body?: unknown; headers?: Record<string, string> };

/** The whole service in this process, on one profile, with a client, its keys and a real SMTP server behind it. */
export type TestSystem = {
  url: string;
  sink: SmtpSink;
  database: Database;
  profile: Profile;
  clientId: string;
  keys: { admin: string; live: string; test: string };
  /** Adds up what a counter has counted, for series that have these attributes. */
  countOf(counter: string, attributes?: Record<string, unknown>): Promise<number>;
  /** Every line the service logged. */
  logLines: string[];
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  pushTemplate(name: string, source: string): Promise<Answer>;
  /** Sends with the live key and returns the message's id; throws where it is not accepted. */
  send(body: Record<string, unknown>, key?: string): Promise<string>;
  /** Resolves with the message as soon as no worker has anything left to do with it. */
  waitUntilEnded(id: string, key?: string): Promise<Record<string, unknown>>;
  timelineOf(id: string, key?: string): Promise<string[]>;
  stop(): Promise<void>;
};

/** Runs the same tests on both profiles; without servers the second is skipped on a laptop, and fails in CI. */
export function describeOnBothProfiles(name: string, body: (profile: ProfileName) => void): void {
  describe(`${name} (embedded)`, () => body('embedded'));
  describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))(`${name} (PostgreSQL and Redis)`, () =>
    body('production'),
  );
}

/** A folder, or a database and a Redis, that no other test has. */
export async function createStorage(profile: ProfileName): Promise<TestStorage> {
  const folder = mkdtempSync(join(tmpdir(), 'mail-test-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  if (profile === 'embedded') return { env: { MAILER_DIR: folder }, release: async () => removeFolder() };
  const [postgres, redis] = await Promise.all([acquirePostgres(), acquireRedis()]);
  const database = await postgres.createDatabase();
  return {
    env: { MAILER_DIR: folder, DATABASE_URL: database.url, REDIS_URL: await redis.createDatabase() },
    async release() {
      await database.drop();
      await Promise.all([postgres.release(), redis.release()]);
      removeFolder();
    },
  };
}

export async function startSystem(
  profile: ProfileName,
  settings: Record<string, string> = {},
): Promise<TestSystem> {
  const [storage, sink] = await Promise.all([createStorage(profile), startSmtpSink()]);
  const admin = createApiKey('live').text;
  const config = parseConfig({
    SERVICE_ROLE: 'DEV',
    PORT: '0',
    SMTP_HOST: sink.host,
    SMTP_PORT: String(sink.port),
    MAIL_FROM: 'Shop <shop@example.com>',
    ADMIN_API_KEY: admin,
    RETRY_BASE_MS: '100',
    ...storage.env,
    ...settings,
  });
  const logLines: string[] = [];
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void logLines.push(line) } });
  if (config.storage.kind === 'production') await migrateDatabaseAt(config.storage.databaseUrl);
  const meter = createTestMeter();
  const service = await startService(config, logger, {
    telemetry: {
      metrics: createMetrics(meter.provider),
      tracer: SILENT_TRACER,
      isMeasured: true,
      scrape: meter.scrape,
      stop: async () => {},
    },
  });
  const url = service.url ?? '';
  const call = createCaller(url);
  const { clientId, live, test } = await createClient(call, admin);
  return {
    url,
    sink,
    database: service.profile.database,
    profile: service.profile,
    clientId,
    keys: { admin, live, test },
    countOf: meter.countOf,
    logLines,
    call,
    pushTemplate: (name, source) =>
      call('PUT', `/v1/templates/${name}`, {
        key: live,
        body: { entry: 'index.tsx', files: { 'index.tsx': source } },
      }),
    async send(body, key = live) {
      const { status, body: answer } = await call('POST', '/v1/messages', { key, body });
      if (status !== 202) throw new Error(`not accepted: ${JSON.stringify(answer)}`);
      return String(answer.messageId);
    },
    waitUntilEnded: (id, key = live) => waitUntilEnded(call, id, key),
    async timelineOf(id, key = live) {
      const { body } = await call('GET', `/v1/messages/${id}/events`, { key });
      return Array.isArray(body.data) ? body.data.map(({ type }) => String(type)) : [];
    },
    async stop() {
      await service.stop();
      await sink.stop();
      await storage.release();
    },
  };
}

type Call = TestSystem['call'];

/** Speaks plain HTTP, so that what is tested is what any program gets. */
export function createCaller(url: string): Call {
  return async (method, path, { key, body, headers = {} } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(key === undefined ? {} : { 'x-api-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parseObject(text) };
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : { text };
  } catch {
    return { text };
  }
}

/** Creates a client with a key of each mode through the API. */
export async function createClient(
  call: Call,
  admin: string,
): Promise<{ clientId: string; live: string; test: string }> {
  const client = await call('POST', '/v1/clients', {
    key: admin,
    body: { name: `client ${Bun.randomUUIDv7()}` },
  });
  const clientId = String(client.body.id);
  const createKey = async (mode: string) => {
    const { body } = await call('POST', `/v1/clients/${clientId}/keys`, {
      key: admin,
      body: { name: mode, mode },
    });
    return String(body.key);
  };
  return { clientId, live: await createKey('live'), test: await createKey('test') };
}

const UNFINISHED: readonly unknown[] = ['queued', 'sending'];

export async function waitUntilEnded(call: Call, id: string, key: string): Promise<Record<string, unknown>> {
  return waitFor(`message ${id} to end`, async () => {
    const { body } = await call('GET', `/v1/messages/${id}`, { key });
    return UNFINISHED.includes(body.status) ? null : body;
  });
}
