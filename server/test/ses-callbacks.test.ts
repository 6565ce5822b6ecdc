import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { parseConfig } from '../src/config.ts';
import { startService } from '../src/index.ts';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { createTestCertificate } from '../src/lib/providers/test-certificate.ts';
import { createLogger } from '../src/lib/telemetry/logger.ts';
import { type FakeSns, sesRecord, startFakeSns } from './support/fake-sns.ts';
import { type HandedOver, insertHandedOver } from './support/handed-over.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { startPostgres } from './support/postgres.ts';
import { isMissing } from './support/requires.ts';
import { startServiceProcess } from './support/service-process.ts';
import { startSmtpSink } from './support/smtp-sink.ts';
import {
  createCaller,
  createClient,
  createStorage,
  describeOnBothProfiles,
  startSystem,
  type TestSystem,
} from './support/system.ts';
import { waitFor } from './support/wait-for.ts';

const SNS_HEADERS = { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': 'Notification' };

describeOnBothProfiles('callbacks of SES', (profile) => {
  let system: TestSystem;
  let sns: FakeSns;

  beforeAll(async () => {
    sns = startFakeSns();
    system = await startSystem(profile, {
      SES_SNS_TOPIC_ARNS: `arn:aws:sns:us-east-1:123456789012:another, ${sns.topicArn}`,
    });
  }, 60_000);

  afterEach(() => sns.setStatus(200));

  afterAll(async () => {
    await system.stop();
    sns.stop();
  });

  const post = (body: string, headers: Record<string, string> = SNS_HEADERS, path = '/webhooks/ses') =>
    system.call('POST', path, { body, headers });
  const create = async (facts: Partial<HandedOver> = {}): Promise<string> => {
    const id = Bun.randomUUIDv7();
    await insertHandedOver(system.database, [id], { clientId: system.clientId, ...facts });
    return id;
  };
  const find = async (id: string) =>
    (await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live })).body;

  test('a genuine delivery needs no key and moves its message', async () => {
    const id = await create();
    const answer = await post(sns.notify(sesRecord('Delivery', { id, messageId: 'ses-1' })));
    expect([answer.status, answer.body]).toEqual([200, { applied: 1, repeated: 0, unmatched: 0 }]);
    expect(await find(id)).toMatchObject({ status: 'delivered', providerMessageId: 'ses-1' });
  });

  test('a bounce, a complaint and a rejection are told as such', async () => {
    const [bounced, complained, rejected] = [await create(), await create(), await create()];
    await post(sns.notify(sesRecord('Bounce', { id: bounced, messageId: 's-b' })));
    await post(
      sns.notify(sesRecord('Complaint', { id: complained, messageId: 's-c' }), { SignatureVersion: '1' }),
    );
    await post(sns.notify(sesRecord('Reject', { id: rejected, messageId: 's-r' })));
    expect(await Promise.all([bounced, complained, rejected].map(find))).toMatchObject([
      { status: 'bounced', lastError: 'Permanent/General 5.1.1 smtp; 550 gone' },
      { status: 'spam' },
      { status: 'failed', lastError: 'Bad content' },
    ]);
    const list = await system.call('GET', '/v1/suppressions?reason=hard_bounce', { key: system.keys.live });
    expect(list.body.data).toMatchObject([{ email: 'ada@example.net', messageId: bounced }]);
  });

  test('replayed, it changes nothing, and so does the same fact in a new notification', async () => {
    const id = await create();
    const record = sesRecord('Bounce', { id, messageId: 's-replay' });
    const body = sns.notify(record);
    const first = await post(body);
    const before = await find(id);
    const answers = [await post(body), await post(sns.notify(record))];
    expect([first, ...answers].map(({ body: counts }) => counts)).toMatchObject([
      { applied: 1 },
      { applied: 0, repeated: 1 },
      { applied: 0, repeated: 1 },
    ]);
    expect(await find(id)).toEqual(before);
  });

  test('out of order, the end is the same', async () => {
    const id = await create();
    const messageId = 's-order';
    await post(sns.notify(sesRecord('Complaint', { id, messageId })));
    await post(sns.notify(sesRecord('Delivery', { id, messageId })));
    await post(sns.notify(sesRecord('Send', { id, messageId })));
    expect(await find(id)).toMatchObject({ status: 'spam' });
    expect(await system.timelineOf(id)).toEqual(['handed_over', 'spam', 'delivered']);
  });

  test('events of mail that is not ours are answered with 200, so that they are not repeated', async () => {
    const record = sesRecord('Delivery', { id: Bun.randomUUIDv7(), messageId: 'foreign' });
    const answer = await post(sns.notify(record));
    expect([answer.status, answer.body]).toEqual([200, { applied: 0, repeated: 0, unmatched: 1 }]);
    expect(await system.countOf('mail.provider.events', { result: 'unmatched' })).toBeGreaterThan(0);
    // What SES publishes when a topic is set up.
    expect((await post(sns.notify('x', { Message: 'Successfully validated SNS topic.' }))).status).toBe(200);
  });

  test('a message of another provider is out of reach', async () => {
    const id = await create({ provider: 'backup' });
    expect((await post(sns.notify(sesRecord('Bounce', { id })))).body).toMatchObject({ unmatched: 1 });
    expect(await find(id)).toMatchObject({ status: 'sent' });
    expect(
      (await post(sns.notify(sesRecord('Bounce', { id })), SNS_HEADERS, '/webhooks/backup')).status,
    ).toBe(404);
  });

  test('nothing that is forged has any effect', async () => {
    const id = await create();
    const record = sesRecord('Bounce', { id, messageId: 's-forged' });
    const genuine = sns.notify(record);
    const stranger = createTestCertificate({ commonName: 'sns.amazonaws.com' });
    const visits = sns.visited.length;
    const forgeries = [
      '',
      'null',
      '[]',
      '{"Type":"Notification"}',
      JSON.stringify(record),
      genuine.replace('Permanent', 'Transient'),
      genuine.replace(id, Bun.randomUUIDv7()),
      sns.notify(record, {}, stranger),
      sns.notify(record, { TopicArn: 'arn:aws:sns:us-east-1:666666666666:ses-events' }),
      sns.notify(record, { Timestamp: '2020-01-01T00:00:00.000Z' }),
      sns.notify(
        record,
        { SigningCertURL: 'https://evil.example/SimpleNotificationService-0123abc.pem' },
        stranger,
      ),
      sns.notify(record, { SigningCertURL: `${system.url}/SimpleNotificationService-0123abc.pem` }, stranger),
    ];
    for (const body of forgeries) {
      const answer = await post(body);
      expect([answer.status, answer.body.code]).toEqual([403, 'callback_refused']);
    }
    // Headers prove nothing, and a key does not help.
    const headers = {
      ...SNS_HEADERS,
      'x-amz-sns-topic-arn': sns.topicArn,
      'x-forwarded-for': '54.240.0.1',
      'x-api-key': system.keys.admin,
    };
    expect((await post(sns.notify(record, {}, stranger), headers)).status).toBe(403);
    expect((await post(genuine, { ...headers, 'content-encoding': 'gzip' })).status).toBe(200);
    expect(
      sns.visited.slice(visits).every((url) => url.startsWith('https://sns.us-east-1.amazonaws.com/')),
    ).toBe(true);
    expect(await find(id)).toMatchObject({ status: 'bounced' });
    expect(await system.timelineOf(id)).toEqual(['handed_over', 'bounced']);
  });

  test('a giant is refused before it is read, declared or not', async () => {
    const giant = 'x'.repeat(3 * 1024 * 1024);
    expect((await post(giant)).status).toBe(413);
    const response = await fetch(`${system.url}/webhooks/ses`, {
      method: 'POST',
      headers: SNS_HEADERS,
      body: new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(giant));
          controller.close();
        },
      }),
    });
    expect(response.status).toBe(413);
  });

  test('odd bytes and texts are no reason to break', async () => {
    const id = await create();
    const odd = "x'); drop table messages; --\0\uD800";
    const record = sesRecord('Bounce', { id, messageId: odd, to: [odd], timestamp: odd });
    // It is written down, and names nobody whom the message went to.
    expect((await post(sns.notify(record))).body).toMatchObject({ applied: 1 });
    const bytes = await fetch(`${system.url}/webhooks/ses`, {
      method: 'POST',
      headers: SNS_HEADERS,
      body: new Uint8Array([0xff, 0xfe, 0, 1]),
    });
    expect(bytes.status).toBe(403);
    expect(await find(id)).toMatchObject({ status: 'sent' });
  });

  test('a subscription to our topic is confirmed where the service says', async () => {
    sns.visited.length = 0;
    expect((await post(sns.askToConfirm())).status).toBe(200);
    expect(sns.visited.filter((url) => url.includes('Action=ConfirmSubscription'))).toHaveLength(1);
  });

  test.each([
    { TopicArn: 'arn:aws:sns:us-east-1:666666666666:evil' },
    { SubscribeURL: 'https://evil.example/?Action=ConfirmSubscription' },
    { SubscribeURL: 'http://169.254.169.254/latest/meta-data/' },
    { SubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=DeleteTopic' },
  ])('a subscription with %j is not', async (change) => {
    sns.visited.length = 0;
    expect((await post(sns.askToConfirm(change))).status).toBe(403);
    expect(sns.visited.filter((url) => !url.endsWith('.pem'))).toEqual([]);
  });

  test('where it cannot be confirmed now, the service is asked to come again', async () => {
    // The certificate is known already.
    await post(sns.notify('x', { Message: 'x' }));
    sns.setStatus(500);
    const answer = await post(sns.askToConfirm());
    expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('20');
  });

  test('other methods and paths are not there', async () => {
    expect((await system.call('GET', '/webhooks/ses')).status).toBe(405);
    expect((await post('{}', SNS_HEADERS, '/webhooks/nobody')).status).toBe(404);
    expect((await post('{}', SNS_HEADERS, '/webhooks/ses/x')).status).toBe(404);
  });
});

test('a provider of any name is found by it, and the only one of SES as `ses` too', async () => {
  const sns = startFakeSns();
  const providers = [
    { name: 'amazon', kind: 'ses', region: 'eu-west-1', accessKeyId: 'x', secretAccessKey: 'x' },
    { name: 'relay', kind: 'smtp', host: '127.0.0.1', port: 9 },
    { name: 'post', kind: 'postmark', serverToken: 'x' },
  ];
  const system = await startSystem('embedded', {
    SMTP_HOST: '',
    SMTP_PORT: '',
    PROVIDERS: JSON.stringify(providers),
    SES_SNS_TOPIC_ARNS: sns.topicArn,
  });
  try {
    const tell = async (path: string, provider: string) => {
      const id = Bun.randomUUIDv7();
      await insertHandedOver(system.database, [id], { clientId: system.clientId, provider });
      const body = sns.notify(sesRecord('Delivery', { id }));
      return (await system.call('POST', path, { body, headers: SNS_HEADERS })).body.applied;
    };
    expect(await tell('/webhooks/amazon', 'amazon')).toBe(1);
    expect(await tell('/webhooks/ses', 'amazon')).toBe(1);
    expect(await tell('/webhooks/relay', 'relay')).toBe(1);
    expect(await tell('/webhooks/relay', 'amazon')).toBe(0);
    // Its events come another way.
    expect(await tell('/webhooks/post', 'post')).toBeUndefined();
  } finally {
    await system.stop();
    sns.stop();
  }
}, 60_000);

test('without a topic there is no such route', async () => {
  const system = await startSystem('embedded');
  try {
    expect((await system.call('POST', '/webhooks/ses', { body: '{}', headers: SNS_HEADERS })).status).toBe(
      404,
    );
  } finally {
    await system.stop();
  }
}, 60_000);

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))(
  'callbacks while something is broken',
  () => {
    const cleanups: (() => unknown)[] = [];

    afterEach(async () => {
      for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
    });

    const keep = <T extends { stop(): unknown }>(thing: T): T => {
      cleanups.push(() => thing.stop());
      return thing;
    };

    test('a database that is away asks the service to come again, and then the event counts', async () => {
      const sns = keep(startFakeSns());
      const postgres = keep(await startPostgres());
      const { url } = await postgres.createDatabase();
      const system = keep(
        await startSystem('production', { DATABASE_URL: url, SES_SNS_TOPIC_ARNS: sns.topicArn }),
      );
      const id = Bun.randomUUIDv7();
      await insertHandedOver(system.database, [id], { clientId: system.clientId });
      const callback = { body: sns.notify(sesRecord('Delivery', { id })), headers: SNS_HEADERS };
      await postgres.kill9();
      const refused = await system.call('POST', '/webhooks/ses', callback);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      await postgres.restart();
      const taken = await waitFor('the callback to be taken', async () => {
        const answer = await system.call('POST', '/webhooks/ses', callback);
        return answer.status === 200 ? answer : null;
      });
      expect(taken.body).toMatchObject({ applied: 1 });
    }, 90_000);

    test('a worker killed after the hand-over: what SES tells ends the message, and it is sent once', async () => {
      const sns = keep(startFakeSns());
      const storage = await createStorage('production');
      cleanups.push(storage.release);
      const sink = keep(await startSmtpSink({ plan: { message: () => 'hang' } }));
      const admin = createApiKey('live').text;
      const env = {
        ...storage.env,
        HOST: '127.0.0.1',
        PORT: '0',
        SMTP_HOST: sink.host,
        SMTP_PORT: String(sink.port),
        MAIL_FROM: 'shop@example.com',
        ADMIN_API_KEY: admin,
        LEASE_MS: '5000',
        SES_SNS_TOPIC_ARNS: sns.topicArn,
      };
      await migrateDatabaseAt(storage.env['DATABASE_URL'] ?? '');
      // In this process, where the service's certificate can be had.
      const api = keep(
        await startService(
          parseConfig({ ...env, SERVICE_ROLE: 'API', SHUTDOWN_DRAIN_MS: '0' }),
          createLogger({ level: 'silent' }),
        ),
      );
      const startWorker = async () => {
        const worker = await startServiceProcess({ ...env, SERVICE_ROLE: 'WORKER' });
        cleanups.push(() => worker.stop('SIGTERM'));
        return worker;
      };
      const worker = await startWorker();
      const call = createCaller(api.url ?? '');
      const { live: key } = await createClient(call, admin);
      const send = async (to: string) => {
        const { body } = await call('POST', '/v1/messages', { key, body: { to, subject: 'x', text: 'x' } });
        return String(body.messageId);
      };
      const statusOf = async (id: string) => (await call('GET', `/v1/messages/${id}`, { key })).body.status;
      const tell = (id: string, to: string) => {
        const record = sesRecord('Delivery', { id, messageId: `s-${id}`, to: [to] });
        return call('POST', '/webhooks/smtp', { body: sns.notify(record), headers: SNS_HEADERS });
      };

      const [early, late] = [await send('early@example.net'), await send('late@example.net')];
      await sink.waitForMails(2);
      await worker.kill9();
      // Nobody has recorded anything: the event comes first.
      expect(await statusOf(early)).toBe('sending');
      expect((await tell(early, 'early@example.net')).body).toMatchObject({ applied: 1 });
      expect(await statusOf(early)).toBe('delivered');
      sink.setPlan({});
      await startWorker();
      await waitFor('the other to be unknown', async () =>
        (await statusOf(late)) === 'unknown' ? true : null,
      );
      expect((await tell(late, 'late@example.net')).body).toMatchObject({ applied: 1 });
      expect([await statusOf(early), await statusOf(late)]).toEqual(['delivered', 'delivered']);
      expect(sink.mails.map(({ to }) => to[0]).sort()).toEqual(['early@example.net', 'late@example.net']);
    }, 120_000);
  },
);
