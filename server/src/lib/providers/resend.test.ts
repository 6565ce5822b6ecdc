import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createTestMail, createTestOptions, sendOnce, TEST_MESSAGE_ID } from './http-test-mail.ts';
import { type HttpTestServer, type ScriptedAnswer, startHttpTestServer } from './http-test-server.ts';
import type { SendResult } from './provider.ts';
import { createResendProvider, type ResendProviderOptions } from './resend.ts';

const ACCEPTED: ScriptedAnswer = { status: 200, json: { id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794' } };

let server: HttpTestServer;
/** Answers in turn; the last one goes on. */
let answers: ScriptedAnswer[];
beforeEach(async () => {
  answers = [ACCEPTED];
  server = await startHttpTestServer({
    answer: () => (answers.length > 1 ? answers.shift() : answers[0]) ?? 'drop',
  });
});
afterEach(() => server.stop());

function createProvider(change: Partial<ResendProviderOptions> = {}) {
  return createResendProvider({
    name: 'resend-main',
    apiKey: 're_key',
    endpoint: server.url,
    sleep: async () => {},
    ...change,
  });
}

function sentBody(): unknown {
  return JSON.parse(server.requests[0]?.body ?? '');
}

const keys = () => server.requests.map(({ headers }) => headers['idempotency-key']);

function refusal(status: number, name: string): ScriptedAnswer {
  return { status, json: { statusCode: status, name, message: 'Words.' } };
}

describe('what Resend gets', () => {
  test('is the mail in its fields, with our id wherever it keeps one', async () => {
    const options = createTestOptions();
    expect(await sendOnce(createProvider(), createTestMail(), options)).toEqual({
      kind: 'sent',
      providerMessageId: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794',
      response: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794',
      refused: [],
      isDelivered: false,
    });
    expect(options.handOvers).toBe(1);
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        path: '/emails',
        headers: { authorization: 'Bearer re_key', 'content-type': 'application/json' },
      },
    ]);
    expect(keys()[0]).toStartWith(`${TEST_MESSAGE_ID}/`);
    expect(keys()[0]?.length).toBeLessThanOrEqual(256);
    expect(sentBody()).toEqual({
      from: 'Acme <mail@acme.example>',
      to: ['"Ada, Countess" <ada@example.com>'],
      subject: 'Grüße 👋',
      html: '<p>hello</p>',
      text: 'hello',
      headers: { 'X-Mail-Message-Id': TEST_MESSAGE_ID },
      tags: [{ name: 'message_id', value: TEST_MESSAGE_ID }],
    });
  });

  test('has copies, replies, headers, attachments and the way out of a list where the mail has', async () => {
    const mail = createTestMail(
      {
        cc: [{ name: null, email: 'cc@example.com' }],
        replyTo: [{ name: null, email: 'help@acme.example' }],
        text: null,
        headers: { 'X-Custom': 'yes', 'list-unsubscribe': '<https://old.example>' },
        unsubscribeUrl: 'https://acme.example/u/1',
        attachments: [
          { filename: 'l.png', contentType: 'image/png', content: Buffer.from('png'), contentId: 'logo' },
        ],
      },
      ['ada@example.com', 'cc@example.com', 'bcc@example.com'],
    );
    await sendOnce(createProvider(), mail);
    expect(server.requests[0]?.body).not.toContain('old.example');
    expect(sentBody()).toMatchObject({
      cc: ['cc@example.com'],
      bcc: ['bcc@example.com'],
      reply_to: ['help@acme.example'],
      text: '',
      headers: {
        'X-Custom': 'yes',
        'List-Unsubscribe': '<https://acme.example/u/1>',
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      },
      attachments: [{ filename: 'l.png', content_type: 'image/png', content: 'cG5n', content_id: 'logo' }],
    });
  });
});

describe('the key of a mail', () => {
  test('is the same for the same mail to the same people, and another for those who were left over', async () => {
    const both = createTestMail({}, ['x@example.com', 'y@example.com']);
    const results = [
      await sendOnce(createProvider(), both),
      await sendOnce(createProvider(), both),
      await sendOnce(createProvider(), createTestMail({}, ['y@example.com'])),
    ];
    expect(results[0]).toMatchObject({ refused: [{ address: 'y@example.com', isPermanent: false }] });
    expect(keys()[1]).toBe(keys()[0]);
    expect(keys()[2]).not.toBe(keys()[0]);
  });
});

describe('a lost answer', () => {
  const repeated: [string, ScriptedAnswer[], SendResult['kind'], number][] = [
    ['is asked for again', ['drop', ACCEPTED], 'sent', 2],
    ['is asked for until it comes', ['drop', 'drop', 'drop', ACCEPTED], 'sent', 4],
    ['is given up in the end', ['drop'], 'ambiguous', 4],
    ['may turn out to have been a refusal', ['drop', refusal(422, 'invalid_attachment')], 'rejected', 2],
    ['is not settled by a rate limit', ['drop', refusal(429, 'rate_limit_exceeded')], 'ambiguous', 4],
    ['is not settled by an outage', ['drop', refusal(500, 'application_error')], 'ambiguous', 4],
    ['is not settled by a key that was revoked', ['drop', refusal(403, 'invalid_api_key')], 'ambiguous', 4],
    ['may be late', ['drop', refusal(409, 'concurrent_idempotent_requests'), ACCEPTED], 'sent', 3],
    ['of a gateway is asked for again', [{ status: 502, text: 'x' }, ACCEPTED], 'sent', 2],
    ['that cannot be read is asked for again', [{ status: 200, text: '<html>' }, ACCEPTED], 'sent', 2],
    [
      'in half is asked for again',
      [{ raw: 'HTTP/1.1 200 OK\r\n\r\n{"id', isCut: true }, ACCEPTED],
      'sent',
      2,
    ],
  ];
  test.each(repeated)('%s', async (_, scripted, kind, requests) => {
    answers = scripted;
    const options = createTestOptions();
    expect((await sendOnce(createProvider(), createTestMail(), options)).kind).toBe(kind);
    expect(server.requests).toHaveLength(requests);
    expect(new Set(keys()).size).toBe(1);
    expect(new Set(server.requests.map(({ body }) => body)).size).toBe(1);
    // One hand-over, one checkpoint, however often the request is repeated.
    expect(options.handOvers).toBe(1);
  });

  test('is ambiguous where the provider cannot be reached any more', async () => {
    answers = ['drop'];
    const sleep = () => server.stop();
    expect((await sendOnce(createProvider({ sleep }))).kind).toBe('ambiguous');
    expect(server.requests).toHaveLength(1);
  });

  test('is not asked for beyond the time of the message', async () => {
    answers = ['drop'];
    const controller = new AbortController();
    const sleep = async () => controller.abort();
    const options = createTestOptions({ signal: controller.signal });
    expect((await sendOnce(createProvider({ sleep }), createTestMail(), options)).kind).toBe('ambiguous');
    expect(server.requests).toHaveLength(1);
  });

  test('is waited for no longer than the time of the message', async () => {
    answers = ['drop'];
    const controller = new AbortController();
    const provider = createResendProvider({ name: 'resend', apiKey: 'k', endpoint: server.url });
    const sending = provider.send(createTestMail(), createTestOptions({ signal: controller.signal }));
    await server.until(() => server.log.includes('CLOSED'));
    controller.abort();
    expect((await sending).kind).toBe('ambiguous');
  });
});

describe('what Resend says decides the outcome', () => {
  const outcomes: [string, ScriptedAnswer, SendResult['kind']][] = [
    ['a field that is wrong', refusal(400, 'validation_error'), 'rejected'],
    ['no key', refusal(401, 'missing_api_key'), 'provider_down'],
    ['a key for something else', refusal(401, 'restricted_api_key'), 'provider_down'],
    ['a wrong key', refusal(403, 'invalid_api_key'), 'provider_down'],
    ['a sender that is not verified', refusal(403, 'validation_error'), 'rejected'],
    ['a wrong address of the API', refusal(404, 'not_found'), 'provider_down'],
    ['a wrong method', refusal(405, 'method_not_allowed'), 'provider_down'],
    ['a sender that is none', refusal(422, 'invalid_from_address'), 'rejected'],
    ['a suspicious mail', refusal(451, 'security_error'), 'rejected'],
    ['an error of theirs', refusal(500, 'application_error'), 'provider_down'],
    ['an outage', { status: 503, text: '<html>' }, 'provider_down'],
    ['a key used for another mail', refusal(409, 'invalid_idempotent_request'), 'ambiguous'],
    ['a giant success', { status: 200, text: 'x'.repeat(2_000_000) }, 'ambiguous'],
    ['a success without an id', { status: 200, json: {} }, 'ambiguous'],
    ['no HTTP', { raw: 'banana\r\n\r\n', isCut: true }, 'ambiguous'],
  ];
  test.each(outcomes)('%s', async (_, scripted, kind) => {
    answers = [scripted];
    expect((await sendOnce(createProvider())).kind).toBe(kind);
  });

  test.each(['rate_limit_exceeded', 'daily_quota_exceeded', 'monthly_quota_exceeded'])(
    '%s is deferred for as long as it says',
    async (name) => {
      answers = [{ status: 429, json: { name, message: 'x' }, headers: { 'retry-after': '3' } }];
      expect(await sendOnce(createProvider())).toMatchObject({
        kind: 'deferred',
        isThrottled: true,
        retryAfterMs: 3000,
      });
    },
  );

  test('nobody listening is provider_down, and nothing is handed over', async () => {
    await server.stop();
    const options = createTestOptions();
    expect((await sendOnce(createProvider(), createTestMail(), options)).kind).toBe('provider_down');
    expect(options.handOvers).toBe(0);
  });

  test('its key is never said', async () => {
    answers = [refusal(403, 'invalid_api_key')];
    expect(JSON.stringify(await sendOnce(createProvider()))).not.toContain('re_key');
  });
});
