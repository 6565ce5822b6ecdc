import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type HttpTestServer, startHttpTestServer } from '../src/lib/providers/http-test-server.ts';
import { startSystem, type TestSystem } from './support/system.ts';

type Way = { settings: Record<string, unknown>; answer: unknown; path: string };

const WAYS: Way[] = [
  {
    settings: {
      kind: 'ses',
      region: 'eu-west-1',
      accessKeyId: 'i',
      secretAccessKey: { env: 'TEST_PROVIDER_SECRET' },
    },
    answer: { MessageId: 'provider-id' },
    path: '/v2/email/outbound-emails',
  },
  {
    settings: { kind: 'postmark', serverToken: { env: 'TEST_PROVIDER_SECRET' } },
    answer: { ErrorCode: 0, Message: 'OK', MessageID: 'provider-id' },
    path: '/email',
  },
  {
    settings: { kind: 'resend', apiKey: { env: 'TEST_PROVIDER_SECRET' } },
    answer: { id: 'provider-id' },
    path: '/emails',
  },
];

// What differs between providers does not differ between the profiles: the embedded one will do.
describe.each(WAYS)('from the API to $settings.kind', ({ settings, answer, path }) => {
  let system: TestSystem;
  let api: HttpTestServer;

  beforeAll(async () => {
    api = await startHttpTestServer({ answer: () => ({ status: 200, json: answer }) });
    const provider = { name: 'first', endpoint: api.url, ...settings };
    system = await startSystem('embedded', {
      SMTP_HOST: '',
      PROVIDERS: JSON.stringify([provider]),
      TEST_PROVIDER_SECRET: 'provider-secret',
    });
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    await api.stop();
  });

  test('a mail is one request, and the provider and its id are on the message', async () => {
    const id = await system.send({
      to: 'Ada <ada@example.net>',
      bcc: 'bcc@example.net',
      subject: 'Hello',
      html: '<p>Hello</p>',
    });
    expect(await system.waitUntilEnded(id)).toMatchObject({ status: 'sent', provider: 'first', attempts: 1 });
    expect(api.requests).toMatchObject([{ method: 'POST', path }]);
    expect(api.requests[0]?.body).toContain(id);
    expect(api.requests[0]?.body).toContain('ada@example.net');
    expect(api.requests[0]?.body).toContain('bcc@example.net');
    expect(await system.timelineOf(id)).toContain('handed_over');
    expect(system.logLines.join()).not.toContain('provider-secret');
  });

  test('mail of a test key never reaches it', async () => {
    const before = api.requests.length;
    const id = await system.send({ to: 'ada@example.net', subject: 'x', text: 'x' }, system.keys.test);
    await system.waitUntilEnded(id, system.keys.test);
    expect(api.requests).toHaveLength(before);
  });
});
