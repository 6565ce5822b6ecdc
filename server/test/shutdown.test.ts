import { afterEach, expect, test } from 'bun:test';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { type ServiceProcess, startServiceProcess } from './support/service-process.ts';
import { type SinkPlan, type SmtpSink, startSmtpSink } from './support/smtp-sink.ts';
import {
  createCaller,
  createClient,
  createStorage,
  describeOnBothProfiles,
  type TestStorage,
} from './support/system.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { waitFor } from './support/wait-for.ts';

describeOnBothProfiles('stopping in mid-delivery', (profile) => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  });

  type Stage = {
    service: ServiceProcess;
    sink: SmtpSink;
    storage: TestStorage;
    env: Record<string, string>;
    admin: string;
  };

  const start = async (env: Record<string, string>): Promise<ServiceProcess> => {
    const service = await startServiceProcess(env);
    cleanups.push(service.kill9);
    return service;
  };

  const prepare = async (plan: SinkPlan, graceMs: number): Promise<Stage> => {
    const storage = await createStorage(profile);
    cleanups.push(storage.release);
    const sink = await startSmtpSink({ plan });
    cleanups.push(sink.stop);
    const admin = createApiKey('live').text;
    const env = {
      ...storage.env,
      SERVICE_ROLE: 'DEV',
      PORT: '0',
      SMTP_HOST: sink.host,
      SMTP_PORT: String(sink.port),
      ADMIN_API_KEY: admin,
      SHUTDOWN_GRACE_MS: String(graceMs),
      RETRY_BASE_MS: '100',
    };
    const databaseUrl = storage.env.DATABASE_URL;
    if (databaseUrl) await migrateDatabaseAt(databaseUrl);
    return { service: await start(env), sink, storage, env, admin };
  };

  const sendOne = async ({ service, admin }: Stage) => {
    const call = createCaller(service.url);
    const { live } = await createClient(call, admin);
    const { body } = await call('POST', '/v1/messages', {
      key: live,
      body: { to: 'a@example.net', subject: 'x', text: 'x' },
    });
    return { key: live, id: String(body.messageId) };
  };

  const statusOf = async (url: string, { id, key }: { id: string; key: string }) =>
    (await createCaller(url)('GET', `/v1/messages/${id}`, { key })).body;

  test('what the provider is about to answer is waited for', async () => {
    const stage = await prepare({ answerDelayMs: 300 }, 20_000);
    const message = await sendOne(stage);
    await stage.sink.waitForMails(1);
    await stage.service.stop('SIGTERM');
    expect(stage.service.exitCode()).toBe(0);
    const again = await start(stage.env);
    expect(await statusOf(again.url, message)).toMatchObject({ status: 'sent', attempts: 1 });
  }, 60_000);

  test('after the grace a handed over message without an answer is unknown, and never sent again', async () => {
    const stage = await prepare({ message: () => 'hang' }, 100);
    const message = await sendOne(stage);
    await stage.sink.waitForMails(1);
    await stage.service.stop('SIGTERM');
    expect(stage.service.exitCode()).toBe(0);
    stage.sink.setPlan({});
    const again = await start(stage.env);
    expect(await statusOf(again.url, message)).toMatchObject({ status: 'unknown', attempts: 1 });
    expect(stage.sink.mails).toHaveLength(1);
  }, 60_000);

  test('after the grace a message that was not handed over goes back to the queue, and is sent later', async () => {
    const stage = await prepare({ recipient: () => ({ code: 451, text: 'later' }) }, 100);
    const message = await sendOne(stage);
    await waitFor('a first attempt', async () => {
      const { attempts } = await statusOf(stage.service.url, message);
      return Number(attempts) > 0 ? true : null;
    });
    await stage.service.stop('SIGTERM');
    stage.sink.setPlan({});
    const again = await start(stage.env);
    await waitFor('the mail to be sent', async () => {
      const current = await statusOf(again.url, message);
      return current.status === 'sent' ? current : null;
    });
    expect(stage.sink.mails).toHaveLength(1);
  }, 60_000);

  test('a second signal ends at once', async () => {
    const stage = await prepare({ message: () => 'hang' }, 600_000);
    await sendOne(stage);
    await stage.sink.waitForMails(1);
    process.kill(stage.service.pid, 'SIGTERM');
    // It has stopped to listen: the first signal has arrived.
    await waitFor('the API to be closed', async () => {
      try {
        await fetch(`${stage.service.url}/healthz`);
        return null;
      } catch {
        return true;
      }
    });
    expect(stage.service.isRunning()).toBe(true);
    process.kill(stage.service.pid, 'SIGTERM');
    await stage.service.exited;
    expect(stage.service.exitCode()).toBe(143);
  }, 60_000);
});
