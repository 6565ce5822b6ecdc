import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createTestMail, createTestOptions, sendOnce, TEST_MESSAGE_ID } from './http-test-mail.ts';
import { type HttpTestServer, type ScriptedAnswer, startHttpTestServer } from './http-test-server.ts';
import type { SendResult } from './provider.ts';
import { createSesProvider, type SesProviderOptions } from './ses.ts';

const ACCEPTED: ScriptedAnswer = { status: 200, json: { MessageId: '0100017c-example-000000' } };
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'the-secret' };

let server: HttpTestServer;
let answer: ScriptedAnswer;
beforeEach(async () => {
  answer = ACCEPTED;
  server = await startHttpTestServer({ answer: () => answer });
});
afterEach(() => server.stop());

function createProvider(change: Partial<SesProviderOptions> = {}) {
  return createSesProvider({
    name: 'ses-main',
    region: 'eu-west-1',
    credentials: CREDENTIALS,
    endpoint: server.url,
    now: () => new Date('2026-11-21T12:00:00Z'),
    ...change,
  });
}

/** An error as the API writes it: its name in a header, words in the body. */
function failure(status: number, name: string, message = 'Words.'): ScriptedAnswer {
  return {
    status,
    json: { message },
    headers: { 'x-amzn-errortype': `${name}:http://internal.amazon.com/` },
  };
}

describe('what SES gets', () => {
  test('is the composed bytes for the envelope, signed, with our id as a tag', async () => {
    const options = createTestOptions();
    const to = ['ada@example.com', 'bcc@example.com'];
    const provider = createProvider({ configurationSet: 'events' });
    expect(await sendOnce(provider, createTestMail({}, to), options)).toEqual({
      kind: 'sent',
      providerMessageId: '0100017c-example-000000',
      response: '0100017c-example-000000',
      refused: [],
      isDelivered: false,
    });
    expect(options.handOvers).toBe(1);
    expect(server.requests).toMatchObject([
      { method: 'POST', path: '/v2/email/outbound-emails', headers: { 'content-type': 'application/json' } },
    ]);
    const request = server.requests[0];
    expect(request?.headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/ses\/aws4_request, SignedHeaders=[^,]*host[^,]*, Signature=[\da-f]{64}$/,
    );
    expect(request?.headers['host']).toBe(new URL(server.url).host);
    const mime = Buffer.from('Subject: x\r\n\r\nhello\r\n').toString('base64');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      FromEmailAddress: 'mail@acme.example',
      Destination: { ToAddresses: to },
      Content: { Raw: { Data: mime } },
      EmailTags: [{ Name: 'mail-message-id', Value: TEST_MESSAGE_ID }],
      ConfigurationSetName: 'events',
    });
  });

  test('needs no fields', async () => {
    const { parts: _, ...mail } = createTestMail();
    expect((await sendOnce(createProvider(), mail)).kind).toBe('sent');
    expect(JSON.parse(server.requests[0]?.body ?? '')).not.toHaveProperty('ConfigurationSetName');
  });

  test('is many mails at once, each with its own outcome', async () => {
    const mixed = await startHttpTestServer({
      answer: ({ body }) => (body.includes('gone@') ? failure(400, 'MessageRejected') : ACCEPTED),
    });
    const provider = createProvider({ endpoint: mixed.url, maxInFlight: 5 });
    const { signal } = new AbortController();
    const kinds = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const to = index % 2 === 0 ? 'ada@example.com' : 'gone@example.com';
        // One signal for all, as when a process stops.
        return (await provider.send(createTestMail({}, [to]), createTestOptions({ signal }))).kind;
      }),
    );
    expect(kinds).toEqual(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'sent' : 'rejected')));
    await provider.close();
    await mixed.stop();
  });
});

describe('what SES says decides the outcome', () => {
  const outcomes: [string, ScriptedAnswer, SendResult['kind']][] = [
    ...[
      'MessageRejected',
      'MailFromDomainNotVerifiedException',
      'BadRequestException',
      'ValidationException',
    ].map((name): [string, ScriptedAnswer, SendResult['kind']] => [name, failure(400, name), 'rejected']),
    ...['TooManyRequestsException', 'ThrottlingException', 'LimitExceededException'].map(
      (name): [string, ScriptedAnswer, SendResult['kind']] => [name, failure(400, name), 'deferred'],
    ),
    ...[
      'AccountSuspendedException',
      'SendingPausedException',
      'NotFoundException',
      'ExpiredTokenException',
      'RequestExpired',
    ].map((name): [string, ScriptedAnswer, SendResult['kind']] => [
      name,
      failure(400, name),
      'provider_down',
    ]),
    ...[
      'UnrecognizedClientException',
      'InvalidClientTokenId',
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
      'AccessDeniedException',
      'MissingAuthenticationTokenException',
    ].map((name): [string, ScriptedAnswer, SendResult['kind']] => [
      name,
      failure(403, name),
      'provider_down',
    ]),
    ['InternalServiceErrorException', failure(500, 'InternalServiceErrorException'), 'provider_down'],
    ['ServiceUnavailable', failure(503, 'ServiceUnavailable'), 'provider_down'],
    ['an error by name in the body only', { status: 400, json: { __type: 'MessageRejected' } }, 'rejected'],
    ['an unknown error of ours', failure(400, 'NovelException'), 'rejected'],
    ['an unknown error of theirs', failure(500, 'NovelException'), 'provider_down'],
    ['an unknown refusal of access', failure(403, 'NovelException'), 'provider_down'],
    ['a page instead of an error', { status: 503, text: '<html>down</html>' }, 'provider_down'],
    ['a gateway that lost the answer', { status: 502, text: '<html>bad gateway</html>' }, 'ambiguous'],
    ['a gateway that waited too long', { status: 504, text: '' }, 'ambiguous'],
    ['a redirect', { status: 302, headers: { location: 'https://example.com' } }, 'provider_down'],
    ['a success in HTML', { status: 200, text: '<html>' }, 'ambiguous'],
    ['a success without an id', { status: 200, json: {} }, 'ambiguous'],
    ['a giant success', { status: 200, text: 'x'.repeat(2_000_000) }, 'ambiguous'],
    ['a giant error', { status: 400, text: 'x'.repeat(2_000_000) }, 'rejected'],
    [
      'a success in half',
      { raw: 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"Me', isCut: true },
      'ambiguous',
    ],
    ['no HTTP', { raw: 'banana\r\n\r\n', isCut: true }, 'ambiguous'],
    ['a cut', 'drop', 'ambiguous'],
  ];
  test.each(outcomes)('%s', async (_, scripted, kind) => {
    answer = scripted;
    const result = await sendOnce(createProvider());
    expect(result.kind).toBe(kind);
    // Nothing is ever sent again in here.
    expect(server.requests).toHaveLength(1);
    const words = 'reason' in result ? result.reason : result.response;
    expect(words.length).toBeLessThan(400);
    expect(words).not.toContain('the-secret');
  });

  test.each(['TooManyRequestsException', 'ThrottlingException'])(
    '%s says how long to wait, or nothing',
    async (name) => {
      answer = { status: 429, json: {}, headers: { 'x-amzn-errortype': name, 'retry-after': '12' } };
      const throttled = { kind: 'deferred', isThrottled: true } as const;
      expect(await sendOnce(createProvider())).toMatchObject({ ...throttled, retryAfterMs: 12_000 });
      answer = failure(429, name, 'Maximum sending rate exceeded.');
      expect(await sendOnce(createProvider())).toMatchObject({ ...throttled, retryAfterMs: null });
    },
  );
});

describe('where nothing leaves', () => {
  test('nobody listening is provider_down', async () => {
    await server.stop();
    const options = createTestOptions();
    expect((await sendOnce(createProvider(), createTestMail(), options)).kind).toBe('provider_down');
    expect(options.handOvers).toBe(0);
  });

  test('an error of the hand-over reaches the caller as it was', async () => {
    const error = Object.freeze(new Error('lease lost'));
    const options = createTestOptions({ onHandOver: () => Promise.reject(error) });
    await expect(sendOnce(createProvider(), createTestMail(), options)).rejects.toBe(error);
    expect(server.requests).toEqual([]);
  });

  test('an attempt that is over before it began opens no connection', async () => {
    const options = createTestOptions({ signal: AbortSignal.abort() });
    expect((await sendOnce(createProvider(), createTestMail(), options)).kind).toBe('provider_down');
    expect(server.log).toEqual([]);
  });
});

test('silence until the time is up is ambiguous', async () => {
  answer = 'silence';
  const controller = new AbortController();
  const options = createTestOptions({ signal: controller.signal });
  const sending = sendOnce(createProvider(), createTestMail(), options);
  await server.until(() => server.requests.length === 1);
  controller.abort();
  expect((await sending).kind).toBe('ambiguous');
  await server.until(() => server.counts.open === 0);
});

test('loading the adapter does not load the client of Amazon', async () => {
  const script = `
    const { createSesProvider } = await import(${JSON.stringify(import.meta.resolve('./ses.ts'))});
    createSesProvider({ name: 'ses', region: 'eu-west-1' });
    const loaded = Object.keys(require.cache).filter((path) => path.includes('@aws-sdk'));
    console.log('loaded', loaded.length);
  `;
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'inherit' });
  expect((await new Response(child.stdout).text()).trim()).toBe('loaded 0');
});
