import { afterAll, beforeAll, expect, test } from 'bun:test';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';
import { parseMetrics } from './support/metrics-text.ts';
import { waitFor } from './support/wait-for.ts';
import { startWebhookReceiver, type WebhookReceiver } from './support/webhook-receiver.ts';

const TOKEN = 'a-token-of-a-test-0123456789';

describeOnBothProfiles('/metrics', (profile) => {
  let system: TestSystem;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    receiver = startWebhookReceiver();
    system = await startSystem(profile, { METRICS_TOKEN: TOKEN, MAX_ATTEMPTS: '2' });
    await system.pushTemplate('hello', 'export default () => <p>Hello</p>;');
    await system.pushTemplate(
      'broken',
      'export default ({ a }: { a: { b: string } }) => <p>{a.b}</p>;\nexport const PreviewProps = { a: { b: "x" } };',
    );
  }, 60_000);
  afterAll(async () => {
    await system.stop();
    await receiver.stop();
  });

  async function read(): Promise<Map<string, number>> {
    const response = await fetch(`${system.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toStartWith('text/plain; version=0.0.4');
    return parseMetrics(await response.text());
  }

  test('is for whoever has the token', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'x-api-key': system.keys.admin }])
      expect(await system.call('GET', '/metrics', { headers })).toMatchObject({
        status: 401,
        body: { code: 'unauthenticated' },
      });
    await read();
  });

  test('tells what became of messages, how long it took, and why some failed', async () => {
    const before = await read();
    const grown = async (series: string) => ((await read()).get(series) ?? 0) - (before.get(series) ?? 0);
    const sent = await system.send({ to: 'ada@example.net', template: 'hello' });
    await system.waitUntilEnded(sent);
    const failed = await system.send({ to: 'ada@example.net', template: 'broken' });
    await system.waitUntilEnded(failed);
    expect(await grown('mail_accepted_total{mode="live"}')).toBe(2);
    expect(await grown('mail_attempts_total{status="sent"}')).toBe(1);
    expect(await grown('mail_attempts_total{status="failed"}')).toBe(1);
    expect(await grown('mail_failed_total{reason="template_error"}')).toBe(1);
    expect(await grown('mail_delivery_duration_seconds_count{mode="live"}')).toBe(1);
    expect(await grown('mail_queue_wait_duration_seconds_count')).toBe(2);
    expect(await grown('mail_provider_duration_seconds_count{provider="smtp"}')).toBe(1);
    expect(await grown('mail_render_duration_seconds_count{result="ok"}')).toBe(1);
    const accepted = 'method="POST",route="/v1/messages",status="202"';
    expect(await grown(`mail_api_request_duration_seconds_count{${accepted}}`)).toBe(2);
  });

  test('a sandbox that had to be killed is told with the reason', async () => {
    await system.pushTemplate(
      'endless',
      'export default ({ is }: { is: boolean }) => { while (is) {} return <p>x</p>; };\nexport const PreviewProps = { is: false };',
    );
    const before = await read();
    const id = await system.send({ to: 'ada@example.net', template: 'endless', props: { is: true } });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'failed' });
    const series = 'mail_sandbox_kills_total{reason="cpu"}';
    // It is tried once more: the first may have been the victim of a busy machine.
    expect(((await read()).get(series) ?? 0) - (before.get(series) ?? 0)).toBe(2);
  }, 60_000);

  test('durations are told in seconds', async () => {
    const before = await read();
    await system.waitUntilEnded(await system.send({ to: 'ada@example.net', template: 'hello' }));
    const after = await read();
    const name = 'mail_delivery_duration_seconds_sum{mode="live"}';
    const seconds = (after.get(name) ?? 0) - (before.get(name) ?? 0);
    // A minute in milliseconds would be far beyond it.
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(60);
  });

  test('one instance tells of the whole service: what waits, what was given up, and which events there were', async () => {
    // Events are counted from when an instance begins to watch.
    const isWatched = async () => (await read()).has('mail_queue_jobs{state="waiting"}') || null;
    await waitFor('an instance that watches', isWatched);
    const id = await system.send({ to: 'ada@example.net', template: 'broken' });
    await system.waitUntilEnded(id);
    const text = await waitFor('the figures of the service', async () => {
      const series = await read();
      const isSeen = (series.get('mail_dead_letters') ?? 0) >= 1;
      return isSeen && series.has('mail_events_total{type="failed"}') ? series : null;
    });
    for (const state of ['waiting', 'delayed', 'active'])
      expect(text.has(`mail_queue_jobs{state="${state}"}`)).toBe(true);
    expect(text.has('mail_queue_oldest_seconds')).toBe(true);
    expect(text.has('mail_webhook_oldest_seconds')).toBe(true);
  });

  test('pools, breakers and the process are told whenever somebody reads', async () => {
    const series = await read();
    expect(series.get('mail_pool_size{pool="provider:smtp"}')).toBe(20);
    expect(series.get('mail_pool_size{pool="sandbox"}')).toBeGreaterThan(0);
    expect(series.get('mail_pool_waiting{pool="sandbox"}')).toBe(0);
    expect(series.get('mail_breaker_state{provider="smtp"}')).toBe(0);
    expect(series.get('process_memory_usage_bytes')).toBeGreaterThan(1e6);
    expect(series.get('process_cpu_time_seconds_total')).toBeGreaterThan(0);
  });

  test('webhooks are told with their delay', async () => {
    const made = await system.call('POST', '/v1/webhook-endpoints', {
      key: system.keys.live,
      body: { url: receiver.url, events: ['message.sent'] },
    });
    expect(made.status).toBe(201);
    await system.send({ to: 'ada@example.net', template: 'hello' });
    const series = await waitFor('the webhook', async () => {
      const now = await read();
      return now.has('mail_webhook_delay_duration_seconds_count') ? now : null;
    });
    expect(series.get('mail_webhook_attempts_total{result="delivered"}')).toBeGreaterThan(0);
  });

  test('no series is named after a person, a message or a client, however many there are', async () => {
    const count = async () => (await read()).size;
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1)
      ids.push(await system.send({ to: `person${i}@example.net`, template: 'hello' }));
    for (const id of ids) await system.waitUntilEnded(id);
    await system.call('GET', '/v1/nowhere', { key: system.keys.live });
    const before = await count();
    for (let i = 3; i < 20; i += 1)
      ids.push(await system.send({ to: `person${i}@example.net`, template: 'hello' }));
    for (const id of ids) await system.waitUntilEnded(id);
    for (let i = 0; i < 20; i += 1) await system.call('GET', `/v1/nowhere/${i}`, { key: system.keys.live });
    const after = [...(await read()).keys()];
    // Another bucket or type of event may have been met for the first time, but nothing for each of the twenty.
    expect(after.length - before).toBeLessThan(15);
    const text = after.join('\n');
    for (const word of ['person', 'nowhere', system.clientId, ...ids]) expect(text).not.toContain(word);
  });
});
