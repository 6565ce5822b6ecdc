import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createApiKey } from '../src/lib/auth/api-key.ts';
import { migrateDatabaseAt } from './support/migrate.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './support/otlp-receiver.ts';
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
import { waitFor } from './support/wait-for.ts';

const CALLER_SPAN = 'b7ad6b7169203331';
const TEMPLATE = `export const subject = 'Hello';
export default ({ name }: { name: string }) => <p>Hello {name}</p>;
export const PreviewProps = { name: 'Ada' };`;

type Line = Record<string, unknown>;

/** An API and a worker as processes of their own, and a collector that both send to. */
describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('traces across processes', () => {
  let receiver: OtlpReceiver;
  let storage: TestStorage;
  let sink: SmtpSink;
  let api: ServiceProcess;
  let worker: ServiceProcess;
  let key: string;
  const lines: Line[] = [];
  const onLine = (line: string) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line));
  };

  beforeAll(async () => {
    receiver = startOtlpReceiver();
    [storage, sink] = await Promise.all([createStorage('production'), startSmtpSink()]);
    await migrateDatabaseAt(storage.env['DATABASE_URL'] ?? '');
    const admin = createApiKey('live').text;
    const env = {
      ...storage.env,
      PORT: '0',
      HOST: '127.0.0.1',
      SMTP_HOST: sink.host,
      SMTP_PORT: String(sink.port),
      ADMIN_API_KEY: admin,
      MAIL_FROM: 'shop@example.com',
      RETRY_BASE_MS: '100',
      LOG_LEVEL: 'debug',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_METRIC_EXPORT_INTERVAL: '200',
    };
    [api, worker] = await Promise.all([
      startServiceProcess({ ...env, SERVICE_ROLE: 'API' }, onLine),
      startServiceProcess({ ...env, SERVICE_ROLE: 'WORKER' }, onLine),
    ]);
    const call = createCaller(api.url);
    key = (await createClient(call, admin)).live;
    const pushed = await call('PUT', '/v1/templates/hello', {
      key,
      body: { entry: 'index.tsx', files: { 'index.tsx': TEMPLATE } },
    });
    expect(pushed.status).toBe(201);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([api.stop('SIGTERM'), worker.stop('SIGTERM')]);
    await sink.stop();
    await storage.release();
    await receiver.stop();
  }, 60_000);

  async function send(traceId: string, { flags = '01' } = {}) {
    const answer = await createCaller(api.url)('POST', '/v1/messages', {
      key,
      headers: { traceparent: `00-${traceId}-${CALLER_SPAN}-${flags}`, 'x-request-id': `request-${traceId}` },
      body: { to: 'ada@example.net', template: 'hello', props: { name: 'Grace Hopper' } },
    });
    expect(answer.status).toBe(202);
    return { id: String(answer.body.messageId), traceparent: answer.headers.get('traceparent') ?? '' };
  }

  test('one trace goes from the caller through API, queue, worker, render and provider, over a retry', async () => {
    let refusals = 1;
    sink.setPlan({ message: () => (refusals-- > 0 ? { code: 451, text: 'come again' } : null) });
    const traceId = 'a'.repeat(32);
    const { id, traceparent } = await send(traceId);
    const spans = await receiver.waitForTrace(
      traceId,
      (found) => named(found, 'mail.attempt').length === 2 && named(found, 'mail.enqueue').length === 1,
    );

    const [server] = named(spans, 'POST /v1/messages');
    expect(server).toMatchObject({
      service: 'mail-api',
      kind: 2,
      parentSpanId: CALLER_SPAN,
      attributes: { 'http.route': '/v1/messages', 'mail.message.id': id },
    });
    expect(traceparent).toBe(`00-${traceId}-${server?.spanId}-01`);
    for (const name of ['mail.prepare', 'mail.persist', 'mail.enqueue'])
      expect(named(spans, name)).toMatchObject([{ service: 'mail-api', parentSpanId: server?.spanId }]);

    const attempts = named(spans, 'mail.attempt');
    expect(attempts.map(({ service, kind, parentSpanId }) => ({ service, kind, parentSpanId }))).toEqual(
      Array.from({ length: 2 }, () => ({
        service: 'mail-worker',
        kind: 5,
        parentSpanId: server?.spanId ?? null,
      })),
    );
    const [first, second] = attempts.toSorted((a, b) => numberOf(a) - numberOf(b));
    expect(first?.attributes).toMatchObject({ 'mail.status': 'queued', 'mail.result': 'deferred' });
    expect(second?.attributes).toMatchObject({ 'mail.status': 'sent', 'mail.template': 'hello' });
    const steps = ['mail.claim', 'mail.render', 'mail.compose', 'mail.send', 'mail.hand_over', 'mail.record'];
    for (const attempt of [first, second]) {
      const names = spans
        .filter(({ parentSpanId }) => parentSpanId === attempt?.spanId)
        .map(({ name }) => name);
      expect(names.toSorted()).toEqual(steps.toSorted());
    }
    expect(named(childrenOf(spans, first), 'mail.send')).toMatchObject([{ failure: 'deferred', kind: 3 }]);
    expect(named(childrenOf(spans, second), 'mail.send')).toMatchObject([{ failure: null }]);
  });

  test('every line about the message names its trace, and nothing that leaves names what it says', async () => {
    const traceId = 'b'.repeat(32);
    const { id } = await send(traceId);
    await waitUntilEnded(createCaller(api.url), id, key);
    await receiver.waitForTrace(traceId, (found) => named(found, 'mail.attempt').length === 1);
    const about = lines.filter((line) => line['message_id'] === id);
    expect(about.length).toBeGreaterThan(0);
    expect(new Set(about.map((line) => line['trace_id']))).toEqual(new Set([traceId]));
    const ofRequest = lines.filter((line) => line['request_id'] === `request-${traceId}`);
    expect(ofRequest).toMatchObject([{ trace_id: traceId, msg: 'a request ended', status: 202 }]);
    for (const secret of ['Grace Hopper', 'ada@example.net', key])
      expect(receiver.bodies()).not.toContain(secret);
  });

  test('what the caller does not sample is not exported, but keeps its trace', async () => {
    const [hidden, shown] = ['c'.repeat(32), 'd'.repeat(32)];
    const { id, traceparent } = await send(hidden, { flags: '00' });
    expect(traceparent).toMatch(new RegExp(`^00-${hidden}-[0-9a-f]{16}-00$`));
    await waitUntilEnded(createCaller(api.url), id, key);
    await send(shown);
    await receiver.waitForTrace(shown, (found) => named(found, 'mail.attempt').length === 1);
    expect(receiver.spans.filter((span) => span.traceId === hidden)).toEqual([]);
    const { body } = await createCaller(api.url)('GET', `/v1/messages?traceId=${hidden}`, { key });
    expect(body).toMatchObject({ data: [{ id, traceId: hidden }] });
  });

  test('a message that waited for its time goes on in its trace, as a root of it', async () => {
    const traceId = 'e'.repeat(32);
    const answer = await createCaller(api.url)('POST', '/v1/messages', {
      key,
      headers: { traceparent: `00-${traceId}-${CALLER_SPAN}-01` },
      body: {
        to: 'ada@example.net',
        subject: 'x',
        text: 'x',
        scheduledAt: new Date(Date.now() + 1500).toISOString(),
      },
    });
    expect(answer.body).toMatchObject({ status: 'scheduled' });
    const spans = await receiver.waitForTrace(
      traceId,
      (found) => named(found, 'mail.attempt').length === 1 && named(found, 'mail.due').length === 1,
    );
    const [due] = named(spans, 'mail.due');
    expect(due).toMatchObject({ service: 'mail-worker', kind: 4, parentSpanId: null });
    expect(named(spans, 'mail.attempt')).toMatchObject([{ parentSpanId: due?.spanId }]);
  });

  test('metrics of both are sent as well', async () => {
    const { id } = await send('f'.repeat(32));
    await waitUntilEnded(createCaller(api.url), id, key);
    const hasCome = (service: string, name: string) =>
      waitFor(`${name} of ${service}`, () => receiver.metricsOf(service).has(name) || null);
    await Promise.all([
      hasCome('mail-api', 'mail.accepted'),
      hasCome('mail-api', 'mail.api.request.duration'),
      hasCome('mail-worker', 'mail.attempts'),
      hasCome('mail-worker', 'mail.delivery.duration'),
      hasCome('mail-worker', 'mail.queue.jobs'),
    ]);
  });
});

function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan[] {
  return spans.filter((span) => span.name === name);
}

function childrenOf(spans: readonly ReceivedSpan[], parent: ReceivedSpan | undefined): ReceivedSpan[] {
  return spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
}

function numberOf({ attributes }: ReceivedSpan): number {
  return Number(attributes['mail.attempt']);
}
