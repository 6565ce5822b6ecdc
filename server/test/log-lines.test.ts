import { afterAll, beforeAll, expect, test } from 'bun:test';
import { describeOnBothProfiles, startSystem, type TestSystem } from './support/system.ts';

const TRACE = 'a'.repeat(32);

type Line = Record<string, unknown>;

/** What is about no request and no message. */
const ABOUT_THE_PROCESS = new Set([
  'a circuit breaker changed',
  'a sandbox process was ended',
  // While the process is still connecting to Redis.
  'the build lock cannot be reached; compiling for this process only',
  'this system cannot lock the sandboxes of templates in: push only templates that you would run as a program',
]);

describeOnBothProfiles('the log', (profile) => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem(profile, { MAX_ATTEMPTS: '1', WEBHOOKS_ALLOW_HTTP: 'true' });
  }, 60_000);
  afterAll(() => system.stop());

  const lines = () => system.logLines.map((line): Line => JSON.parse(line));

  async function act(method: string, path: string, { key, body }: { key?: string; body?: unknown } = {}) {
    const answer = await system.call(method, path, {
      key: key ?? system.keys.admin,
      headers: { 'x-request-id': `${method}:${path.split('?')[0]?.replaceAll(/[^A-Za-z0-9]/g, '-')}` },
      body,
    });
    expect([path, answer.status < 300]).toEqual([path, true]);
    return answer.body;
  }

  test('names the request of every decision, and the message of every attempt', async () => {
    const { live } = system.keys;
    const client = await act('POST', '/v1/clients', { body: { name: `c ${Bun.randomUUIDv7()}` } });
    const keys = `/v1/clients/${String(client['id'])}/keys`;
    const made = await act('POST', keys, { body: { name: 'k' } });
    const rotated = await act('POST', `${keys}/${String(made['id'])}/rotate`, { body: { overlapS: 0 } });
    await act('DELETE', `${keys}/${String(rotated['id'])}`);
    await act('POST', `/v1/clients/${String(client['id'])}/suspend`);
    await act(
      'DELETE',
      `/v1/clients/${String(client['id'])}?confirm=${encodeURIComponent(String(client['name']))}`,
    );
    await act('POST', '/v1/queue/pause');
    await act('POST', '/v1/queue/resume');
    await act('POST', '/v1/suppressions', { key: live, body: { email: 'gone@example.net' } });
    await act('DELETE', '/v1/suppressions/gone@example.net', { key: live });
    system.sink.setPlan({ recipient: () => ({ code: 550, text: '<lost@example.net> is nobody here' }) });
    const failed = await system.call('POST', '/v1/messages', {
      key: live,
      headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-00` },
      body: { to: 'lost@example.net', subject: 'A private matter', text: 'A private word' },
    });
    const id = String(failed.body['messageId']);
    await system.waitUntilEnded(id);
    await act('DELETE', `/v1/dead-letters/${id}`, { key: live });
    await act('DELETE', '/v1/recipients/lost@example.net', { key: live });

    const all = lines().filter(({ msg }) => !ABOUT_THE_PROCESS.has(String(msg)));
    const nameless = all.filter((line) => !('request_id' in line) && !('message_id' in line));
    expect(nameless.map(({ msg }) => msg)).toEqual([]);
    expect(all.filter((line) => !/^[0-9a-f]{32}$/.test(String(line['trace_id'])))).toEqual([]);
    const decisions = all.filter((line) => 'by' in line);
    expect(decisions.length).toBeGreaterThanOrEqual(9);
    expect(decisions.filter((line) => !('request_id' in line))).toEqual([]);

    const attempt = all.find(({ msg, message_id }) => msg === 'attempt ended' && message_id === id);
    expect(attempt).toMatchObject({ trace_id: TRACE, status: 'failed', provider: 'smtp' });
    expect(String(attempt?.['reason'])).toContain('[redacted]@example.net');
  });

  test('has nothing of what was sent, to whom, or with which key', () => {
    const text = system.logLines.join('\n');
    for (const secret of ['private', 'lost@', 'gone@', ...Object.values(system.keys)])
      expect(text).not.toContain(secret);
  });
});
