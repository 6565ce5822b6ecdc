import { afterEach, describe, expect, test } from 'bun:test';
import PostalMime from 'postal-mime';
import { migrateDatabaseAt } from './support/migrate.ts';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { isMissing } from './support/requires.ts';
import { type ServiceProcess, startServiceProcess } from './support/service-process.ts';
import { type SmtpSink, startSmtpSink } from './support/smtp-sink.ts';
import {
  createCaller,
  createClient,
  createStorage,
  type TestStorage,
  waitUntilEnded,
} from './support/system.ts';

const MESSAGES = 40;
const CONCURRENCY = 5;

type Setup = { sink: SmtpSink; storage: TestStorage; env: Record<string, string>; admin: string };

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
});

async function prepare(profile: 'embedded' | 'production'): Promise<Setup> {
  const storage = await createStorage(profile);
  cleanups.push(storage.release);
  const sink = await startSmtpSink({ plan: { answerDelayMs: 20 } });
  cleanups.push(sink.stop);
  const admin = createApiKey('live').text;
  const env = {
    ...storage.env,
    PORT: '0',
    HOST: '127.0.0.1',
    SMTP_HOST: sink.host,
    SMTP_PORT: String(sink.port),
    ADMIN_API_KEY: admin,
    MAIL_FROM: 'shop@example.com',
    WORKER_CONCURRENCY: String(CONCURRENCY),
    // Long enough for a send on a busy machine, short enough to wait for after a kill.
    LEASE_MS: '10000',
    RETRY_BASE_MS: '100',
  };
  return { sink, storage, env, admin };
}

async function start(env: Record<string, string>): Promise<ServiceProcess> {
  const service = await startServiceProcess(env);
  cleanups.push(() => service.stop('SIGTERM'));
  return service;
}

async function sendMany(url: string, admin: string) {
  const call = createCaller(url);
  const { live } = await createClient(call, admin);
  const answers = await Promise.all(
    Array.from({ length: MESSAGES }, (_, i) =>
      call('POST', '/v1/messages', {
        key: live,
        body: { to: `user${i}@example.net`, subject: `Mail ${i}`, text: 'x' },
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: MESSAGES }, () => 202));
  return { key: live, ids: answers.map(({ body }) => String(body.messageId)) };
}

/** Every message has ended; none was lost; none was sent twice; an `unknown` is explained by what was in flight. */
async function assertAccounted({
  url,
  key,
  ids,
  sink,
}: {
  url: string;
  key: string;
  ids: string[];
  sink: SmtpSink;
}) {
  const call = createCaller(url);
  const ended = await Promise.all(ids.map((id) => waitUntilEnded(call, id, key)));
  const withStatus = (status: string) =>
    ended.filter((message) => message.status === status).map(({ id }) => String(id));
  const [sent, unknown] = [withStatus('sent'), withStatus('unknown')];
  expect(sent.length + unknown.length).toBe(ids.length);
  expect(unknown.length).toBeLessThanOrEqual(CONCURRENCY);

  const received = await Promise.all(
    sink.mails.map(async ({ raw }) => (await PostalMime.parse(raw)).messageId ?? ''),
  );
  expect(new Set(received).size).toBe(received.length);
  for (const id of sent) expect(received.some((messageId) => messageId.includes(id))).toBe(true);
}

describe('kill -9 of the whole embedded process in mid-queue', () => {
  test('after a restart every message ends, none twice', async () => {
    const { sink, env, admin } = await prepare('embedded');
    const settings = { ...env, SERVICE_ROLE: 'DEV' };
    const first = await start(settings);
    const { key, ids } = await sendMany(first.url, admin);
    await sink.waitForMails(8);
    await first.kill9();
    const second = await start(settings);
    await assertAccounted({ url: second.url, key, ids, sink });
  }, 90_000);
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))(
  'kill -9 of the worker in mid-queue (PostgreSQL and Redis)',
  () => {
    test('another worker brings every message to its end, none twice', async () => {
      const { sink, env, admin } = await prepare('production');
      await migrateDatabaseAt(env.DATABASE_URL ?? '');
      const api = await start({ ...env, SERVICE_ROLE: 'API' });
      const worker = await start({ ...env, SERVICE_ROLE: 'WORKER' });
      const { key, ids } = await sendMany(api.url, admin);
      await sink.waitForMails(8);
      await worker.kill9();
      await start({ ...env, SERVICE_ROLE: 'WORKER' });
      await assertAccounted({ url: api.url, key, ids, sink });
    }, 90_000);

    test('SIGTERM hands back or finishes: every message is sent, with no unknown and none twice', async () => {
      const { sink, env, admin } = await prepare('production');
      await migrateDatabaseAt(env.DATABASE_URL ?? '');
      const api = await start({ ...env, SERVICE_ROLE: 'API' });
      const worker = await start({ ...env, SERVICE_ROLE: 'WORKER' });
      const { key, ids } = await sendMany(api.url, admin);
      await sink.waitForMails(8);
      await worker.stop('SIGTERM');
      await start({ ...env, SERVICE_ROLE: 'WORKER' });
      const call = createCaller(api.url);
      const ended = await Promise.all(ids.map((id) => waitUntilEnded(call, id, key)));
      expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['sent']));
      expect(sink.mails).toHaveLength(MESSAGES);
    }, 90_000);
  },
);
