import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { parseMetrics } from './support/metrics-text.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { type PostgresServer, startPostgres } from './support/postgres.ts';
import { type RedisServer, startRedis } from './support/redis.ts';
import { isMissing } from './support/requires.ts';
import { type ServiceProcess, startServiceProcess } from './support/service-process.ts';
import { type SinkPlan, type SmtpSink, startSmtpSink } from './support/smtp-sink.ts';
import { createCaller, createClient, waitUntilEnded } from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const METRICS_TOKEN = 'a-token-of-a-test-0123456789';

/** Servers of its own, because these tests take them away. */
describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('when a server goes away', () => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  });

  type Stage = {
    postgres: PostgresServer;
    redis: RedisServer;
    sink: SmtpSink;
    service: ServiceProcess;
    key: string;
    call: ReturnType<typeof createCaller>;
    send(to: string): Promise<string>;
  };

  const prepare = async (plan: SinkPlan, settings: Record<string, string> = {}): Promise<Stage> => {
    const [postgres, redis, sink] = await Promise.all([
      startPostgres(),
      startRedis(),
      startSmtpSink({ plan }),
    ]);
    const folder = mkdtempSync(join(tmpdir(), 'mail-outage-'));
    cleanups.push(postgres.stop, redis.stop, sink.stop, async () =>
      rmSync(folder, { recursive: true, force: true }),
    );
    const { url: databaseUrl } = await postgres.createDatabase();
    await migrateDatabaseAt(databaseUrl);
    const admin = createApiKey('live').text;
    const service = await startServiceProcess({
      SERVICE_ROLE: 'DEV',
      PORT: '0',
      MAILER_DIR: folder,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      SMTP_HOST: sink.host,
      SMTP_PORT: String(sink.port),
      ADMIN_API_KEY: admin,
      RETRY_BASE_MS: '100',
      SHUTDOWN_GRACE_MS: '1000',
      ...settings,
    });
    cleanups.push(service.kill9);
    const call = createCaller(service.url);
    const { live: key } = await createClient(call, admin);
    const send = async (to: string) => {
      const { status, body } = await call('POST', '/v1/messages', {
        key,
        body: { to, subject: 'x', text: 'x' },
      });
      expect(status).toBe(202);
      return String(body.messageId);
    };
    return { postgres, redis, sink, service, key, call, send };
  };

  test('PostgreSQL restarts while the relay answers: what it accepted is sent, not unknown', async () => {
    const { postgres, sink, send, call, key } = await prepare({ answerDelayMs: 300 });
    const ids = await Promise.all(['a', 'b', 'c'].map((name) => send(`${name}@example.net`)));
    await sink.waitForMails(3);
    await postgres.kill9();
    await postgres.restart();
    const ended = await Promise.all(ids.map((id) => waitUntilEnded(call, id, key)));
    expect(ended.map(({ status, attempts }) => ({ status, attempts }))).toEqual(
      ids.map(() => ({ status: 'sent', attempts: 1 })),
    );
    expect(sink.mails).toHaveLength(3);
  }, 90_000);

  test('PostgreSQL is away for longer than a lease while the relay answers: what it accepted is sent all the same', async () => {
    const leaseMs = 4000;
    const { postgres, sink, send, call, key } = await prepare(
      { answerDelayMs: 300 },
      { LEASE_MS: String(leaseMs) },
    );
    const ids = await Promise.all(['a', 'b', 'c'].map((name) => send(`${name}@example.net`)));
    await sink.waitForMails(3);
    await postgres.kill9();
    const leasesEndAt = performance.now() + leaseMs;
    await waitFor('the leases to be over', () => (performance.now() > leasesEndAt ? true : null));
    await postgres.restart();
    const ended = await Promise.all(
      ids.map((id) =>
        waitFor('a message to be sent', async () => {
          const { body } = await call('GET', `/v1/messages/${id}`, { key });
          return body.status === 'sent' ? body : null;
        }),
      ),
    );
    expect(ended.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
    expect(sink.mails).toHaveLength(3);
  }, 90_000);

  test('PostgreSQL is away: 503 with Retry-After, nothing half-done, and ready again when it is back', async () => {
    const { postgres, sink, send, call, key } = await prepare({});
    await postgres.kill9();
    const body = { to: 'lost@example.net', subject: 'x', text: 'x' };
    const refused = await call('POST', '/v1/messages', { key, body });
    expect(refused).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const ready = await call('GET', '/readyz');
    expect(ready).toMatchObject({ status: 503, body: { accept: { isOk: false } } });
    expect(JSON.stringify(ready.body)).not.toContain('select');
    await postgres.restart();
    await waitFor('the API to be ready again', async () =>
      (await call('GET', '/readyz')).status === 200 ? true : null,
    );
    const id = await send('kept@example.net');
    expect(await waitUntilEnded(call, id, key)).toMatchObject({ status: 'sent' });
    expect(sink.mails.map(({ to }) => to[0])).toEqual(['kept@example.net']);
  }, 90_000);

  test('Redis is away: messages are accepted, and sent when it is back', async () => {
    const { redis, send, call, key } = await prepare({});
    await redis.kill9();
    const id = await send('later@example.net');
    expect((await call('GET', '/readyz')).body).toMatchObject({
      accept: { isOk: true },
      process: { isOk: false },
    });
    await redis.restart();
    expect(await waitUntilEnded(call, id, key)).toMatchObject({ status: 'sent', attempts: 1 });
  }, 90_000);

  const metricsOf = async ({ service }: Stage) => {
    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    return parseMetrics(await (await fetch(`${service.url}/metrics`, { headers })).text());
  };

  test('Redis is away: the metrics say so, and that it is back', async () => {
    const stage = await prepare({}, { METRICS_TOKEN });
    const { redis, send, call, key } = stage;
    const reachable = async (value: number) =>
      waitFor(`a queue that is ${value === 1 ? 'reachable' : 'away'}`, async () =>
        (await metricsOf(stage)).get('mail_queue_reachable') === value ? true : null,
      );
    const failed = async () => (await metricsOf(stage)).get('mail_enqueue_failed_total') ?? 0;
    await reachable(1);
    expect(await failed()).toBe(0);
    await redis.kill9();
    await reachable(0);
    const id = await send('later@example.net');
    await waitFor('a message that the queue did not take', async () =>
      (await failed()) === 1 ? true : null,
    );
    await redis.restart();
    await reachable(1);
    expect(await waitUntilEnded(call, id, key)).toMatchObject({ status: 'sent' });
    // What is back takes everything again.
    await waitUntilEnded(call, await send('next@example.net'), key);
    expect(await failed()).toBe(1);
  }, 90_000);

  test('Redis loses everything it had while a message waits for its time: it goes when that has come', async () => {
    const { redis, sink, call, key } = await prepare({});
    const scheduledAt = new Date(Date.now() + 3000).toISOString();
    const body = { to: 'due@example.net', subject: 'x', text: 'x', scheduledAt };
    const answer = await call('POST', '/v1/messages', { key, body });
    expect(answer).toMatchObject({ status: 202, body: { status: 'scheduled' } });
    await wipe(redis);
    const read = async () =>
      (await call('GET', `/v1/messages/${String(answer.body.messageId)}`, { key })).body;
    expect(await read()).toMatchObject({ status: 'scheduled' });
    await sink.waitForMails(1);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(scheduledAt));
    await waitFor('it to be sent', async () => ((await read()).status === 'sent' ? true : null));
    expect(sink.mails.map(({ to }) => to[0])).toEqual(['due@example.net']);
  }, 90_000);

  test('Redis loses everything it had: every message is sent, none twice', async () => {
    const { redis, sink, send, call, key } = await prepare(
      { answerDelayMs: 50 },
      { WORKER_CONCURRENCY: '2' },
    );
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => send(`m${i}@example.net`)));
    await sink.waitForMails(3);
    await wipe(redis);
    const ended = await Promise.all(ids.map((id) => waitUntilEnded(call, id, key)));
    expect(new Set(ended.map(({ status }) => status))).toEqual(new Set(['sent']));
    expect(new Set(sink.mails.map(({ to }) => to[0])).size).toBe(20);
    expect(sink.mails).toHaveLength(20);
  }, 90_000);

  test('stopping does not wait for a Redis that is away', async () => {
    const { redis, service, send } = await prepare({});
    await redis.kill9();
    await send('later@example.net');
    await service.stop('SIGTERM');
    expect(service.exitCode()).toBe(0);
  }, 60_000);

  test('stopping does not count as an attempt that failed', async () => {
    // The relay accepts the connection and never greets.
    const silent = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data() {}, open: () => connected.resolve() },
    });
    const connected = Promise.withResolvers<void>();
    cleanups.push(async () => silent.stop(true));
    const stage = await prepare(
      {},
      { SMTP_PORT: String(silent.port), MAX_ATTEMPTS: '1', SHUTDOWN_GRACE_MS: '100' },
    );
    const id = await stage.send('later@example.net');
    await connected.promise;
    const databaseRow = async () => (await stage.call('GET', `/v1/messages/${id}`, { key: stage.key })).body;
    expect(await databaseRow()).toMatchObject({ status: 'sending', attempts: 1 });
    await stage.service.stop('SIGTERM');
    expect(stage.service.exitCode()).toBe(0);
    expect(stage.service.logTail()).toContain('"status":"queued"');
  }, 60_000);
});

async function wipe(redis: RedisServer): Promise<void> {
  const client = new Bun.RedisClient(redis.url);
  await client.send('FLUSHALL', []);
  client.close();
}
