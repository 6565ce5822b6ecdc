import { afterEach, describe, expect, test } from 'bun:test';
import PostalMime from 'postal-mime';
import type { Step } from '../src/worker/steps.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { isMissing } from './support/requires.ts';
import { type ServiceProcess, startServiceKilledAt, startServiceProcess } from './support/service-process.ts';
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
  return { received };
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

/** What the message that was at a step when its worker died becomes, and whether the relay has seen it in the end. */
const STEPS: { step: Step; becomes: 'sent' | 'unknown'; wasSeen: boolean }[] = [
  { step: 'claimed', becomes: 'sent', wasSeen: true },
  { step: 'rendered', becomes: 'sent', wasSeen: true },
  { step: 'composed', becomes: 'sent', wasSeen: true },
  { step: 'handing_over', becomes: 'sent', wasSeen: true },
  { step: 'handed_over', becomes: 'unknown', wasSeen: false },
  { step: 'answered', becomes: 'unknown', wasSeen: true },
  { step: 'recorded', becomes: 'sent', wasSeen: true },
];

describe('kill -9 at each step, with several messages under way', () => {
  test.each(STEPS)(
    'at $step the message is $becomes',
    async ({ step, becomes, wasSeen }) => {
      const { sink, env, admin } = await prepare('embedded');
      const settings = { ...env, SERVICE_ROLE: 'DEV' };
      const first = await startServiceKilledAt(settings, { step, nth: 3 });
      cleanups.push(first.kill9);
      const call = createCaller(first.url);
      const { live: key } = await createClient(call, admin);
      // The process dies while some of these are on their way: an answer that never came says nothing of its message.
      await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) =>
          call('POST', '/v1/messages', {
            key,
            body: { to: `user${i}@example.net`, subject: `Mail ${i}`, text: 'x' },
          }),
        ),
      );
      await first.exited;
      expect(first.exitCode()).toBeNull();
      const victim = victimOf(first.logTail());
      const second = await start(settings);
      const ids = await listIds(second.url, key);
      expect(ids.length).toBeGreaterThanOrEqual(3);
      const { received } = await assertAccounted({ url: second.url, key, ids, sink });
      const ended = await waitUntilEnded(createCaller(second.url), victim, key);
      expect(ended).toMatchObject({ status: becomes });
      expect(received.some((messageId) => messageId.includes(victim))).toBe(wasSeen);
    },
    90_000,
  );

  const victimOf = (log: string): string => {
    const line = log.split('\n').find((candidate) => candidate.includes('"msg":"killed"'));
    return /"message_id":"([^"]+)"/.exec(line ?? '')?.[1] ?? '';
  };

  const listIds = async (url: string, key: string): Promise<string[]> => {
    const { body } = await createCaller(url)('GET', '/v1/messages?limit=100', { key });
    return Array.isArray(body.data) ? body.data.map(({ id }) => String(id)) : [];
  };
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))(
  'kill -9 of the worker in mid-queue (PostgreSQL and Redis)',
  () => {
    /** An API and a worker as processes of their own, with the worker in the middle of many messages. */
    const startMidQueue = async () => {
      const { sink, env, admin } = await prepare('production');
      await migrateDatabaseAt(env.DATABASE_URL ?? '');
      const api = await start({ ...env, SERVICE_ROLE: 'API', SHUTDOWN_DRAIN_MS: '0' });
      const startWorker = () => start({ ...env, SERVICE_ROLE: 'WORKER' });
      const worker = await startWorker();
      const { key, ids } = await sendMany(api.url, admin);
      await sink.waitForMails(8);
      return { sink, worker, startWorker, sent: { url: api.url, key, ids } };
    };

    test('another worker brings every message to its end, none twice', async () => {
      const { sink, worker, startWorker, sent } = await startMidQueue();
      await worker.kill9();
      await startWorker();
      await assertAccounted({ ...sent, sink });
    }, 90_000);

    test('SIGTERM hands back or finishes: every message is sent, with no unknown and none twice', async () => {
      const { sink, worker, startWorker, sent } = await startMidQueue();
      await worker.stop('SIGTERM');
      await startWorker();
      const call = createCaller(sent.url);
      const ended = await Promise.all(sent.ids.map((id) => waitUntilEnded(call, id, sent.key)));
      expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['sent']));
      expect(sink.mails).toHaveLength(MESSAGES);
    }, 90_000);
  },
);
