import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createTestMail, createTestOptions, sendOnce, TEST_MESSAGE_ID } from './http-test-mail.ts';
import { type HttpTestServer, type ScriptedAnswer, startHttpTestServer } from './http-test-server.ts';
import { createPostmarkProvider, type PostmarkProviderOptions } from './postmark.ts';
import type { SendResult } from './provider.ts';

const ACCEPTED: ScriptedAnswer = {
  status: 200,
  json: {
    To: 'ada@example.com',
    SubmittedAt: '2026-11-21T12:00:00.0000000-00:00',
    MessageID: '0a129aee-e1cd-480d-b08d-4f48548ff48d',
    ErrorCode: 0,
    Message: 'OK',
  },
};

let server: HttpTestServer;
let answer: ScriptedAnswer;
beforeEach(async () => {
  answer = ACCEPTED;
  server = await startHttpTestServer({ answer: () => answer });
});
afterEach(() => server.stop());

function createProvider(change: Partial<PostmarkProviderOptions> = {}) {
  return createPostmarkProvider({
    name: 'postmark-main',
    serverToken: 'server-token',
    endpoint: server.url,
    now: () => new Date('2026-11-21T12:00:00Z'),
    ...change,
  });
}

function sentBody(): unknown {
  return JSON.parse(server.requests[0]?.body ?? '');
}

function refusal(code: number, message: string, status = 422): ScriptedAnswer {
  return { status, json: { ErrorCode: code, Message: message } };
}

describe('what Postmark gets', () => {
  test('is the mail in its fields, with our id wherever it keeps one', async () => {
    const options = createTestOptions();
    const result = await sendOnce(createProvider(), createTestMail(), options);
    expect(result).toEqual({
      kind: 'sent',
      providerMessageId: '0a129aee-e1cd-480d-b08d-4f48548ff48d',
      response: '0 OK',
      refused: [],
      isDelivered: false,
    });
    expect(options.handOvers).toBe(1);
    expect(server.requests).toMatchObject([
      {
        method: 'POST',
        path: '/email',
        headers: { 'x-postmark-server-token': 'server-token', 'content-type': 'application/json' },
      },
    ]);
    expect(sentBody()).toEqual({
      From: 'Acme <mail@acme.example>',
      To: '"Ada, Countess" <ada@example.com>',
      Subject: 'Grüße 👋',
      HtmlBody: '<p>hello</p>',
      TextBody: 'hello',
      Headers: [
        { Name: 'Message-ID', Value: `<${TEST_MESSAGE_ID}@acme.example>` },
        { Name: 'X-PM-KeepID', Value: 'true' },
        { Name: 'X-Mail-Message-Id', Value: TEST_MESSAGE_ID },
      ],
      Metadata: { message_id: TEST_MESSAGE_ID },
      MessageStream: 'outbound',
    });
  });

  test('has copies, replies, headers, attachments and the way out of a list where the mail has', async () => {
    const mail = createTestMail(
      {
        cc: [{ name: null, email: 'cc@example.com' }],
        replyTo: [{ name: 'Help', email: 'help@acme.example' }],
        html: null,
        headers: { 'X-Custom': 'yes', 'list-unsubscribe': '<https://old.example>' },
        unsubscribeUrl: 'https://acme.example/u/1',
        attachments: [
          { filename: 'a.pdf', contentType: 'application/pdf', content: Buffer.from('pdf'), contentId: null },
          { filename: 'l.png', contentType: 'image/png', content: Buffer.from('png'), contentId: 'logo' },
        ],
      },
      ['ada@example.com', 'cc@example.com', 'bcc@example.com'],
    );
    await sendOnce(createProvider({ messageStream: 'receipts' }), mail);
    expect(sentBody()).toMatchObject({
      Cc: 'cc@example.com',
      Bcc: 'bcc@example.com',
      ReplyTo: 'Help <help@acme.example>',
      MessageStream: 'receipts',
      Attachments: [
        { Name: 'a.pdf', ContentType: 'application/pdf', Content: 'cGRm' },
        { Name: 'l.png', ContentType: 'image/png', Content: 'cG5n', ContentID: 'cid:logo' },
      ],
    });
    expect(server.requests[0]?.body).not.toContain('old.example');
    expect(sentBody()).not.toHaveProperty('HtmlBody');
    expect(sentBody()).toHaveProperty(
      'Headers',
      expect.arrayContaining([
        { Name: 'X-Custom', Value: 'yes' },
        { Name: 'List-Unsubscribe', Value: '<https://acme.example/u/1>' },
        { Name: 'List-Unsubscribe-Post', Value: 'List-Unsubscribe=One-Click' },
      ]),
    );
  });
});

describe('recipients', () => {
  test('that it knows to be dead are refused, the others sent to', async () => {
    const Message =
      'Message OK, but will not deliver to these inactive addresses: Gone@example.com, dead@example.com. Inactive recipients are ones that have generated a hard bounce.';
    answer = { status: 200, json: { MessageID: 'id', ErrorCode: 0, Message } };
    const mail = createTestMail({}, ['ada@example.com', 'gone@example.com', 'dead@example.com']);
    const result = await sendOnce(createProvider(), mail);
    expect(result).toMatchObject({
      kind: 'sent',
      refused: [
        { address: 'gone@example.com', isPermanent: true },
        { address: 'dead@example.com', isPermanent: true },
      ],
    });
  });

  test('that are all dead make it rejected', async () => {
    answer = refusal(406, 'You tried to send to recipient(s) that have been marked as inactive.');
    expect(await sendOnce(createProvider())).toMatchObject({
      kind: 'rejected',
      refused: [{ address: 'ada@example.com', isPermanent: true }],
    });
  });

  test('that are blind copies on their own are written to one at a time', async () => {
    const mail = createTestMail({}, ['x@example.com', 'y@example.com']);
    expect(await sendOnce(createProvider(), mail)).toMatchObject({
      kind: 'sent',
      refused: [{ address: 'y@example.com', isPermanent: false }],
    });
    expect(sentBody()).toMatchObject({ To: 'x@example.com' });
    expect(server.requests[0]?.body).not.toContain('y@example.com');
    answer = refusal(406, 'inactive');
    expect(await sendOnce(createProvider(), mail)).toMatchObject({
      kind: 'deferred',
      refused: [
        { address: 'x@example.com', isPermanent: true },
        { address: 'y@example.com', isPermanent: false },
      ],
    });
  });

  test('of which there are none are refused here', async () => {
    expect((await sendOnce(createProvider(), createTestMail({}, []))).kind).toBe('rejected');
    expect(server.requests).toEqual([]);
  });
});

describe('what Postmark says decides the outcome', () => {
  const html = (status: number): ScriptedAnswer => ({ status, text: '<html><h1>gateway</h1></html>' });
  const outcomes: [string, ScriptedAnswer, SendResult['kind']][] = [
    ['a wrong token', refusal(10, 'Bad or missing Server API token.', 401), 'provider_down'],
    ['maintenance', refusal(100, 'Maintenance', 503), 'provider_down'],
    ['an invalid mail', refusal(300, "Invalid 'To' address"), 'rejected'],
    ['an unknown sender', refusal(400, 'Sender signature not found'), 'rejected'],
    ['an unconfirmed sender', refusal(401, 'Sender signature not confirmed'), 'rejected'],
    ['no credits', refusal(405, 'Not allowed to send'), 'provider_down'],
    ['a forbidden attachment', refusal(411, 'Forbidden attachment type'), 'rejected'],
    ['a pending account', refusal(412, 'Account is pending'), 'provider_down'],
    ['a stopped account', refusal(413, 'Account may not send'), 'provider_down'],
    ['a page of a firewall', html(403), 'provider_down'],
    ['a wrong address of the API', html(404), 'provider_down'],
    ['a redirect', { status: 301, headers: { location: 'https://example.com' } }, 'provider_down'],
    ['a mail that is too large', html(413), 'rejected'],
    ['an error of theirs', html(500), 'provider_down'],
    ['an outage', html(503), 'provider_down'],
    ['a gateway that lost the answer', html(502), 'ambiguous'],
    ['a gateway that waited too long', html(504), 'ambiguous'],
    ['an edge that lost the answer', html(520), 'ambiguous'],
    ['an edge that waited too long', html(524), 'ambiguous'],
    ['a success without a word', { status: 200, text: '' }, 'ambiguous'],
    ['a success in HTML', html(200), 'ambiguous'],
    ['a success with a refusal', refusal(300, 'odd', 200), 'ambiguous'],
    [
      'a success in half',
      { raw: 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"Er', isCut: true },
      'ambiguous',
    ],
    ['a giant success', { status: 200, text: 'x'.repeat(2_000_000) }, 'ambiguous'],
    ['a giant refusal', { status: 422, text: 'x'.repeat(2_000_000) }, 'rejected'],
    ['JSON that is no object', { status: 422, json: ['x'] }, 'rejected'],
    ['no HTTP', { raw: 'banana\r\n\r\n', isCut: true }, 'ambiguous'],
    ['a cut', 'drop', 'ambiguous'],
  ];
  test.each(outcomes)('%s', async (_, scripted, kind) => {
    answer = scripted;
    const result = await sendOnce(createProvider());
    expect(result.kind).toBe(kind);
    expect(server.requests).toHaveLength(1);
    const words = 'reason' in result ? result.reason : result.response;
    expect(words.length).toBeLessThan(400);
  });

  test.each<[ScriptedAnswer, number | null]>([
    [
      {
        status: 429,
        json: { ErrorCode: 429, Message: 'Rate Limit Exceeded' },
        headers: { 'retry-after': '7' },
      },
      7000,
    ],
    [{ status: 429, text: 'slow down' }, null],
    [{ status: 429, text: 'x', headers: { 'retry-after': 'Sat, 21 Nov 2026 12:00:09 GMT' } }, 9000],
  ])('a rate that is used up is deferred', async (scripted, retryAfterMs) => {
    answer = scripted;
    expect(await sendOnce(createProvider())).toMatchObject({
      kind: 'deferred',
      isThrottled: true,
      retryAfterMs,
    });
  });

  test('nobody listening is provider_down, and nothing is handed over', async () => {
    await server.stop();
    const options = createTestOptions();
    expect((await sendOnce(createProvider(), createTestMail(), options)).kind).toBe('provider_down');
    expect(options.handOvers).toBe(0);
  });

  test('silence until the time is up is ambiguous', async () => {
    answer = 'silence';
    const controller = new AbortController();
    const sending = sendOnce(
      createProvider(),
      createTestMail(),
      createTestOptions({ signal: controller.signal }),
    );
    await server.until(() => server.requests.length === 1);
    controller.abort();
    expect(await sending).toEqual({ kind: 'ambiguous', reason: 'aborted after the hand-over' });
  });
});

describe('the provider', () => {
  test('has no more requests under way than it may, and sends everything', async () => {
    const waiting: (() => void)[] = [];
    let mostWaiting = 0;
    const slow = await startHttpTestServer({
      async answer() {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          mostWaiting = Math.max(mostWaiting, waiting.length);
        });
        return ACCEPTED;
      },
    });
    const provider = createProvider({ endpoint: slow.url, maxInFlight: 3 });
    const sending = Array.from({ length: 12 }, () => provider.send(createTestMail(), createTestOptions()));
    for (let answered = 0; answered < 12; answered += 3) {
      await slow.until(() => slow.requests.length === answered + 3);
      for (const resolve of waiting.splice(0)) resolve();
    }
    expect((await Promise.all(sending)).every(({ kind }) => kind === 'sent')).toBe(true);
    expect(mostWaiting).toBe(3);
    await provider.close();
    await slow.stop();
  });

  test('waits for what is under way when it is closed, and takes no more', async () => {
    const held = Promise.withResolvers<ScriptedAnswer>();
    const slow = await startHttpTestServer({ answer: () => held.promise });
    const provider = createProvider({ endpoint: slow.url });
    const sending = provider.send(createTestMail(), createTestOptions());
    await slow.until(() => slow.requests.length === 1);
    const closing = provider.close();
    expect((await provider.send(createTestMail(), createTestOptions())).kind).toBe('provider_down');
    expect(Bun.peek.status(closing)).toBe('pending');
    held.resolve(ACCEPTED);
    expect((await sending).kind).toBe('sent');
    await closing;
    await provider.close();
    await slow.stop();
  });

  test('never says its token', async () => {
    answer = { status: 401, json: { ErrorCode: 10, Message: 'No.' } };
    expect(JSON.stringify(await sendOnce(createProvider()))).not.toContain('server-token');
  });

  test('an error of the hand-over reaches the caller as it was', async () => {
    const failure = Object.freeze(new Error('lease lost'));
    const options = createTestOptions({ onHandOver: () => Promise.reject(failure) });
    await expect(sendOnce(createProvider(), createTestMail(), options)).rejects.toBe(failure);
    expect(server.requests).toEqual([]);
  });

  test('cannot send a mail without fields', async () => {
    const { parts: _, ...mail } = createTestMail();
    await expect(sendOnce(createProvider(), mail)).rejects.toThrow('fields');
  });
});
