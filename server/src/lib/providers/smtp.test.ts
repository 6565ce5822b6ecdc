import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { SMTPServer } from 'smtp-server';
import type { OutboundMail, Provider, SendOptions, SendResult } from './provider.ts';
import { createSmtpProvider, type SmtpProviderOptions } from './smtp.ts';
import { type SmtpMoment, type SmtpTestServer, startSmtpTestServer } from './smtp-test-server.ts';

const MIME = 'Subject: x\r\n\r\nhello\r\n.dot\r\nend\r\n';

let endings: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  endings = [];
});
afterEach(async () => {
  for (const end of endings.toReversed()) await end();
});

async function startServer(options: Parameters<typeof startSmtpTestServer>[0] = {}): Promise<SmtpTestServer> {
  const server = await startSmtpTestServer(options);
  endings.push(() => server.stop());
  return server;
}

function createProvider(port: number, options: Partial<SmtpProviderOptions> = {}): Provider {
  const provider = createSmtpProvider({
    name: 'smtp',
    host: '127.0.0.1',
    port,
    isSecure: false,
    auth: null,
    poolSize: 2,
    ...options,
  });
  endings.push(() => provider.close());
  return provider;
}

function mailTo(...to: string[]): OutboundMail {
  return {
    messageId: '01890a5d-ac96-774b-bcce-b302099a8057',
    envelope: { from: 'sender@acme.example', to: to.length === 0 ? ['ada@example.com'] : to },
    mime: new TextEncoder().encode(MIME),
  };
}

/** Send options that count hand-overs. */
function createOptions(change: Partial<SendOptions> = {}): SendOptions & { readonly handOvers: number } {
  let handOvers = 0;
  return {
    signal: new AbortController().signal,
    async onHandOver() {
      handOvers += 1;
    },
    ...change,
    get handOvers() {
      return handOvers;
    },
  };
}

/** Replies by verb; everything else as usual. */
function on(replies: Record<string, string>): (moment: SmtpMoment) => string | null {
  return ({ verb }) => replies[verb] ?? null;
}

const PROTOCOLS: [string, string[]][] = [
  ['with pipelining', ['PIPELINING']],
  ['without pipelining', []],
];

describe.each(PROTOCOLS)('%s', (_, extensions) => {
  test('the relay gets the exact bytes for the envelope, and its answer is the result', async () => {
    const server = await startServer({ extensions });
    const options = createOptions();
    const result = await createProvider(server.port).send(
      mailTo('ada@example.com', 'bob@example.com'),
      options,
    );
    expect(result).toEqual({
      kind: 'sent',
      providerMessageId: 'Q123',
      response: '250 2.0.0 Ok: queued as Q123',
      refused: [],
      isDelivered: false,
    });
    expect(server.mails).toEqual([
      { from: 'sender@acme.example', to: ['ada@example.com', 'bob@example.com'], data: MIME.slice(0, -2) },
    ]);
    expect(options.handOvers).toBe(1);
  });

  test('the hand-over is recorded after DATA was accepted and before any byte of the body', async () => {
    const server = await startServer({ extensions });
    const onHandOver = async () => {
      server.log.push('hand-over begins');
      // A real checkpoint takes a while, and bytes that leaked would arrive meanwhile: prove the wire is quiet by a
      // whole other conversation with the same server.
      await createProvider(server.port, { poolSize: 1 }).send(mailTo('probe@example.com'), createOptions());
      server.log.push('hand-over ends');
    };
    await createProvider(server.port).send(mailTo(), createOptions({ onHandOver }));
    const begins = server.log.indexOf('hand-over begins');
    const ends = server.log.indexOf('hand-over ends');
    expect(server.log.slice(0, begins)).toContain('DATA');
    expect(server.log.slice(0, begins)).not.toContain('BODY');
    expect(server.mails.map(({ to }) => to[0])).toEqual(['probe@example.com', 'ada@example.com']);
    expect(server.log.slice(ends).filter((event) => event === 'BODY')).toHaveLength(1);
  });

  test('nothing is handed over before the relay accepted DATA', async () => {
    const server = await startServer({ extensions, reply: on({ DATA: '451 not now' }) });
    const options = createOptions();
    const result = await createProvider(server.port).send(mailTo(), options);
    expect(result).toMatchObject({ kind: 'deferred', response: '451 not now' });
    expect(options.handOvers).toBe(0);
    expect(server.mails).toEqual([]);
  });

  test('one refused recipient is told apart from those who were accepted', async () => {
    const reply = ({ line }: SmtpMoment) =>
      line.includes('<gone@')
        ? '550 5.1.1 no such user'
        : line.includes('<full@')
          ? '452 4.2.2 mailbox full'
          : null;
    const server = await startServer({ extensions, reply });
    const result = await createProvider(server.port).send(
      mailTo('gone@example.com', 'ada@example.com', 'full@example.com'),
      createOptions(),
    );
    expect(result).toMatchObject({
      kind: 'sent',
      refused: [
        { address: 'gone@example.com', isPermanent: true, response: '550 5.1.1 no such user' },
        { address: 'full@example.com', isPermanent: false, response: '452 4.2.2 mailbox full' },
      ],
    });
  });

  test('all refused is deferred while one of them may still be reached', async () => {
    const reply = ({ line }: SmtpMoment) =>
      line.includes('<gone@') ? '550 no such user' : line.includes('<full@') ? '452 mailbox full' : null;
    const server = await startServer({ extensions, reply });
    const options = createOptions();
    const result = await createProvider(server.port).send(
      mailTo('full@example.com', 'gone@example.com'),
      options,
    );
    expect(result).toEqual({
      kind: 'deferred',
      response: '452 mailbox full',
      retryAfterMs: null,
      refused: [
        { address: 'full@example.com', isPermanent: false, response: '452 mailbox full' },
        { address: 'gone@example.com', isPermanent: true, response: '550 no such user' },
      ],
    });
    expect(options.handOvers).toBe(0);
  });

  test('all refused for good is rejected', async () => {
    const server = await startServer({ extensions, reply: on({ RCPT: '550 no such user' }) });
    const result = await createProvider(server.port).send(
      mailTo('a@example.com', 'b@example.com'),
      createOptions(),
    );
    expect(result).toMatchObject({ kind: 'rejected', response: '550 no such user' });
    expect('refused' in result ? result.refused : []).toHaveLength(2);
  });

  test('a refusal after the body keeps what was said about single recipients', async () => {
    const reply = ({ verb, line }: SmtpMoment) =>
      line.includes('<gone@') ? '550 no such user' : verb === 'END' ? '451 try later' : null;
    const server = await startServer({ extensions, reply });
    const result = await createProvider(server.port).send(
      mailTo('gone@example.com', 'ada@example.com'),
      createOptions(),
    );
    expect(result).toEqual({
      kind: 'deferred',
      response: '451 try later',
      retryAfterMs: null,
      refused: [{ address: 'gone@example.com', isPermanent: true, response: '550 no such user' }],
    });
  });

  test('a relay that keeps the mail and then drops the connection makes it ambiguous, and gets it once', async () => {
    const server = await startServer({ extensions, reply: on({ END: 'drop' }) });
    const provider = createProvider(server.port);
    const options = createOptions();
    const result = await provider.send(mailTo(), options);
    expect(result.kind).toBe('ambiguous');
    // Closing drains whatever the pool might still have in mind.
    await provider.close();
    expect(server.mails).toHaveLength(1);
    expect(server.counts.connections).toBe(1);
    expect(options.handOvers).toBe(1);
  });
});

describe.each(PROTOCOLS)('%s, a relay that is out of step', (_, extensions) => {
  test('cannot have a message taken for sent by an answer that it gave too early', async () => {
    const server = await startServer({
      extensions,
      reply: on({ DATA: '354 go on\r\n250 2.0.0 queued as FAKE' }),
    });
    const options = createOptions();
    const result = await createProvider(server.port).send(mailTo(), options);
    expect(result.kind).toBe('provider_down');
    expect(options.handOvers).toBe(1);
    await server.until(() => server.log.includes('CLOSED'));
    expect(server.log).not.toContain('BODY');
  });

  test('and answers twice is left before its answers are taken for those to the next message', async () => {
    const reply = ({ verb, connection }: SmtpMoment) =>
      verb === 'END' && connection === 1 ? '250 queued as A1\r\n250 queued as B2' : null;
    const server = await startServer({ extensions, reply });
    const provider = createProvider(server.port, { poolSize: 1 });
    const ids: unknown[] = [];
    for (const to of ['a@example.com', 'b@example.com']) {
      const result = await provider.send(mailTo(to), createOptions());
      ids.push('providerMessageId' in result ? result.providerMessageId : result);
    }
    expect(ids).toEqual(['A1', 'Q123']);
    expect(server.counts.connections).toBe(2);
  });

  test('and says goodbye while the hand-over is being recorded gets no byte', async () => {
    const server = await startServer({ extensions });
    const provider = createProvider(server.port);
    const result = await provider.send(
      mailTo(),
      createOptions({
        async onHandOver() {
          server.say('421 shutting down');
          await server.until(() => server.log.includes('CLOSED'));
        },
      }),
    );
    expect(result).toMatchObject({
      kind: 'provider_down',
      reason: expect.stringContaining('421 shutting down'),
    });
    expect(server.log).not.toContain('BODY');
  });

  test('and closes after it refused the sender has still refused the message', async () => {
    const server = await startServer({
      extensions,
      reply: on({ MAIL: '550 not you', RCPT: 'drop', RSET: 'drop' }),
    });
    const result = await createProvider(server.port).send(mailTo(), createOptions());
    expect(result).toMatchObject({ kind: 'rejected', response: '550 not you' });
  });

  test('and says 421 to a recipient is out of order, whatever it says next', async () => {
    const server = await startServer({ extensions, reply: on({ RCPT: '421 closing', DATA: 'drop' }) });
    const options = createOptions();
    expect((await createProvider(server.port).send(mailTo(), options)).kind).toBe('provider_down');
    expect(options.handOvers).toBe(0);
  });
});

describe('the envelope', () => {
  test.each([
    ['PIPELINING', ['MAIL', 'RCPT', 'RCPT', 'DATA']],
    ['SIZE 1000000', ['MAIL']],
  ])('of a relay that offers %s goes out as far as may be without an answer', async (extension, verbs) => {
    const server = await startServer({ extensions: [extension], reply: on({ MAIL: 'silence' }) });
    const provider = createProvider(server.port, { socketTimeoutMs: 200 });
    await provider.send(mailTo('a@example.com', 'b@example.com'), createOptions());
    await server.until(() => server.log.includes('CLOSED'));
    expect(server.log).toEqual(['GREETING', 'EHLO', ...verbs, 'CLOSED']);
  });

  test('that nobody may get is ended by a lone dot where the relay goes on to DATA, and the connection kept', async () => {
    const server = await startServer({
      reply: ({ line }) => (line.includes('<gone@') ? '550 no such user' : null),
    });
    const provider = createProvider(server.port, { poolSize: 1 });
    const options = createOptions();
    expect((await provider.send(mailTo('gone@example.com'), options)).kind).toBe('rejected');
    expect(options.handOvers).toBe(0);
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('sent');
    expect(server.mails.map(({ data }) => data)).toEqual(['', MIME.slice(0, -2)]);
    expect(server.counts.connections).toBe(1);
  });

  test('whose sender was refused sends no empty mail to those whom the relay accepted all the same', async () => {
    const reply = ({ verb, connection }: SmtpMoment) =>
      verb === 'MAIL' && connection === 1 ? '550 not you' : null;
    const server = await startServer({ reply });
    const provider = createProvider(server.port, { poolSize: 1 });
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('rejected');
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('sent');
    expect(server.mails.map(({ data }) => data)).toEqual([MIME.slice(0, -2)]);
    expect(server.counts.connections).toBe(2);
  });

  test('is answered in pieces of a byte', async () => {
    const server = await startServer({ isPiecemeal: true });
    const result = await createProvider(server.port).send(mailTo(), createOptions());
    expect(result).toMatchObject({ kind: 'sent', providerMessageId: 'Q123' });
  });
});

describe('what the relay says decides the outcome', () => {
  const outcomes: [string, Record<string, string>, SendResult['kind']][] = [
    ['421 as greeting', { GREETING: '421 busy' }, 'provider_down'],
    ['554 as greeting', { GREETING: '554 no service' }, 'provider_down'],
    ['no greeting but a close', { GREETING: 'drop' }, 'provider_down'],
    ['a close after EHLO', { EHLO: 'drop' }, 'provider_down'],
    ['EHLO and HELO refused', { EHLO: '500 what', HELO: '550 no' }, 'provider_down'],
    ['MAIL deferred', { MAIL: '451 later' }, 'deferred'],
    ['MAIL refused', { MAIL: '550 not you' }, 'rejected'],
    ['MAIL wants credentials', { MAIL: '530 authenticate first' }, 'provider_down'],
    ['MAIL out of step', { MAIL: '503 bad sequence' }, 'provider_down'],
    ['421 to MAIL', { MAIL: '421 closing' }, 'provider_down'],
    ['a close at MAIL', { MAIL: 'drop' }, 'provider_down'],
    ['a close at RCPT', { RCPT: 'drop' }, 'provider_down'],
    ['every RCPT wants credentials', { RCPT: '530 authenticate first' }, 'provider_down'],
    ['a close at DATA', { DATA: 'drop' }, 'provider_down'],
    ['DATA refused', { DATA: '554 no' }, 'rejected'],
    ['nonsense to MAIL', { MAIL: 'banana' }, 'provider_down'],
    ['body deferred', { END: '451 later' }, 'deferred'],
    ['body greylisted by 421', { END: '421 later, closing' }, 'deferred'],
    ['body refused', { END: '554 spam' }, 'rejected'],
    ['a close inside the body', { BODY: 'drop' }, 'ambiguous'],
    ['a close after the body', { END: 'drop' }, 'ambiguous'],
    ['nonsense after the body', { END: 'banana' }, 'ambiguous'],
    ['another 354 after the body', { END: '354 go on' }, 'ambiguous'],
  ];
  test.each(outcomes)('%s', async (_, replies, kind) => {
    const server = await startServer({ reply: on(replies) });
    const provider = createProvider(server.port);
    expect((await provider.send(mailTo(), createOptions())).kind).toBe(kind);
    await provider.close();
    expect(server.mails).toHaveLength(server.log.includes('END') ? 1 : 0);
  });

  const timeouts: [string, Record<string, string>, SendResult['kind']][] = [
    ['silence instead of a greeting', { GREETING: 'silence' }, 'provider_down'],
    ['silence after EHLO', { EHLO: 'silence' }, 'provider_down'],
    ['silence after DATA', { DATA: 'silence' }, 'provider_down'],
    ['silence after the body', { END: 'silence' }, 'ambiguous'],
  ];
  test.each(timeouts)('%s runs into a timeout', async (_, replies, kind) => {
    const server = await startServer({ reply: on(replies) });
    const provider = createProvider(server.port, { greetingTimeoutMs: 200, socketTimeoutMs: 200 });
    expect((await provider.send(mailTo(), createOptions())).kind).toBe(kind);
  });

  test('nobody listening', async () => {
    const server = await startSmtpTestServer();
    await server.stop();
    expect((await createProvider(server.port).send(mailTo(), createOptions())).kind).toBe('provider_down');
  });

  test('a message over the size that the relay announced is rejected without a byte of it', async () => {
    const server = await startServer({ extensions: ['SIZE 10'] });
    const options = createOptions();
    expect((await createProvider(server.port).send(mailTo(), options)).kind).toBe('rejected');
    expect(options.handOvers).toBe(0);
  });

  test('a refusal in the middle of a large body is final, and the connection is not used again', async () => {
    const server = await startServer({
      reply: ({ verb, bodyBytes }) => (verb === 'BODY' && bodyBytes > 0 ? '552 too big' : null),
    });
    const provider = createProvider(server.port, { poolSize: 1 });
    const mime = new TextEncoder().encode('x'.repeat(70).concat('\r\n').repeat(60_000));
    expect(await provider.send({ ...mailTo(), mime }, createOptions())).toMatchObject({
      kind: 'rejected',
      response: '552 too big',
    });
    await server.until(() => server.log.includes('CLOSED'));
    expect(server.log).not.toContain('RSET');
  });

  test('the result waits for the answer to the whole message', async () => {
    const answer = Promise.withResolvers<null>();
    const server = await startServer({ reply: ({ verb }) => (verb === 'END' ? answer.promise : null) });
    const sending = createProvider(server.port).send(mailTo(), createOptions());
    await server.until(() => server.log.includes('END'));
    expect(Bun.peek.status(sending)).toBe('pending');
    answer.resolve(null);
    expect((await sending).kind).toBe('sent');
  });

  const queueIds: [string, string | null][] = [
    ['250 2.0.0 Ok: queued as 4XyZ12', '4XyZ12'],
    ['250 OK id=1tAbCd-000000-AB', '1tAbCd-000000-AB'],
    [
      '250 Ok 0100018b5c3c0a4f-0a1b2c3d-4e5f-6789-abcd-ef0123456789-000000',
      '0100018b5c3c0a4f-0a1b2c3d-4e5f-6789-abcd-ef0123456789-000000',
    ],
    ['250 2.0.0 OK <a1@x.prod.outlook.com> [Hostname=y]', '<a1@x.prod.outlook.com>'],
    ['250 fine', null],
  ];
  test.each(queueIds)('%j names the message %j', async (response, providerMessageId) => {
    const server = await startServer({ reply: on({ END: response }) });
    const result = await createProvider(server.port).send(mailTo(), createOptions());
    expect(result).toMatchObject({ kind: 'sent', response, providerMessageId });
  });
});

describe('the hand-over', () => {
  test('that throws keeps the body back, and its error arrives as it was', async () => {
    const server = await startServer();
    const provider = createProvider(server.port);
    const failure = Object.freeze(new Error('lease lost'));
    const onHandOver = () => Promise.reject(failure);
    await expect(provider.send(mailTo(), createOptions({ onHandOver }))).rejects.toBe(failure);
    await server.until(() => server.log.includes('CLOSED'));
    expect(server.log).not.toContain('BODY');
    expect(server.mails).toEqual([]);
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('sent');
  });

  test('during which the relay goes away hands nothing over', async () => {
    const server = await startServer();
    const result = await createProvider(server.port).send(
      mailTo(),
      createOptions({
        async onHandOver() {
          server.dropAll();
          await server.until(() => server.log.includes('CLOSED'));
          // The client hears of it a little later: a whole conversation gives it the turns to.
          await createProvider(server.port).send(mailTo('probe@example.com'), createOptions());
        },
      }),
    );
    expect(result.kind).toBe('provider_down');
    expect(server.mails.map(({ to }) => to[0])).toEqual(['probe@example.com']);
  });
});

describe('aborting', () => {
  test('before anything began opens no connection', async () => {
    const server = await startServer();
    const result = await createProvider(server.port).send(
      mailTo(),
      createOptions({ signal: AbortSignal.abort() }),
    );
    expect(result).toEqual({ kind: 'provider_down', reason: 'aborted' });
    expect(server.counts.connections).toBe(0);
  });

  const moments: [string, SendResult['kind']][] = [
    ['GREETING', 'provider_down'],
    ['EHLO', 'provider_down'],
    ['MAIL', 'provider_down'],
    ['DATA', 'provider_down'],
    ['END', 'ambiguous'],
  ];
  test.each(moments)('while %s is unanswered cuts the connection', async (verb, kind) => {
    const server = await startServer({ reply: on({ [verb]: 'silence' }) });
    const controller = new AbortController();
    const sending = createProvider(server.port).send(mailTo(), createOptions({ signal: controller.signal }));
    await server.until(() => server.log.includes(verb));
    controller.abort();
    expect((await sending).kind).toBe(kind);
    await server.until(() => server.counts.open === 0);
  });

  test('while the hand-over is being recorded lets no byte through, and waits for the record', async () => {
    const server = await startServer();
    const controller = new AbortController();
    const recording = Promise.withResolvers<void>();
    const sending = createProvider(server.port).send(
      mailTo(),
      createOptions({
        signal: controller.signal,
        onHandOver() {
          controller.abort();
          return recording.promise;
        },
      }),
    );
    await server.until(() => server.log.includes('CLOSED'));
    expect(Bun.peek.status(sending)).toBe('pending');
    recording.resolve();
    expect(await sending).toEqual({ kind: 'provider_down', reason: 'aborted' });
    expect(server.log).not.toContain('BODY');
  });

  test('while waiting for a connection leaves the queue, and the one before it goes on', async () => {
    const answer = Promise.withResolvers<null>();
    const server = await startServer({ reply: ({ verb }) => (verb === 'END' ? answer.promise : null) });
    const provider = createProvider(server.port, { poolSize: 1 });
    const first = provider.send(mailTo('first@example.com'), createOptions());
    await server.until(() => server.log.includes('END'));
    const controller = new AbortController();
    const second = provider.send(mailTo('second@example.com'), createOptions({ signal: controller.signal }));
    const third = provider.send(mailTo('third@example.com'), createOptions());
    controller.abort();
    expect((await second).kind).toBe('provider_down');
    answer.resolve(null);
    expect([(await first).kind, (await third).kind]).toEqual(['sent', 'sent']);
    expect(server.mails.map(({ to }) => to[0])).toEqual(['first@example.com', 'third@example.com']);
  });
});

describe('the pool', () => {
  test('keeps a connection for the next message, also after a refused envelope', async () => {
    const server = await startServer({
      reply: ({ line }) => (line.includes('<gone@') ? '550 no such user' : null),
    });
    const provider = createProvider(server.port, { poolSize: 1 });
    const kinds: string[] = [];
    for (const to of ['a@example.com', 'gone@example.com', 'b@example.com']) {
      kinds.push((await provider.send(mailTo(to), createOptions())).kind);
    }
    expect(kinds).toEqual(['sent', 'rejected', 'sent']);
    expect(server.counts.connections).toBe(1);
    expect(server.log.filter((verb) => verb === 'RSET')).toHaveLength(1);
  });

  test('never opens more connections than it may, and sends everything', async () => {
    const server = await startServer();
    const provider = createProvider(server.port, { poolSize: 3 });
    const names = Array.from({ length: 30 }, (_, index) => `u${index}@example.com`);
    const results = await Promise.all(names.map((to) => provider.send(mailTo(to), createOptions())));
    expect(results.every(({ kind }) => kind === 'sent')).toBe(true);
    expect(server.counts.mostOpen).toBeLessThanOrEqual(3);
    expect(server.mails.map(({ to }) => to[0]).sort()).toEqual(names.sort());
  });

  test('frees the place of a connection that could not be opened', async () => {
    const server = await startServer({
      reply: ({ verb, connection }) => (verb === 'GREETING' && connection < 3 ? '421 busy' : null),
    });
    const provider = createProvider(server.port, { poolSize: 1 });
    const kinds: string[] = [];
    for (let round = 0; round < 3; round += 1)
      kinds.push((await provider.send(mailTo(), createOptions())).kind);
    expect(kinds).toEqual(['provider_down', 'provider_down', 'sent']);
  });

  test('replaces a connection that carried its share of messages', async () => {
    const server = await startServer();
    const provider = createProvider(server.port, { poolSize: 1, maxMessages: 2 });
    for (let round = 0; round < 4; round += 1) await provider.send(mailTo(), createOptions());
    expect(server.counts.connections).toBe(2);
    expect(server.mails).toHaveLength(4);
  });

  test('says goodbye to a connection that has nothing to do', async () => {
    const server = await startServer();
    const provider = createProvider(server.port, { idleTimeoutMs: 1 });
    await provider.send(mailTo(), createOptions());
    await server.until(() => server.log.includes('QUIT') && server.counts.open === 0);
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('sent');
  });

  test('does not fail a message because the relay closed an idle connection', async () => {
    const server = await startServer();
    const provider = createProvider(server.port);
    await provider.send(mailTo(), createOptions());
    server.dropAll();
    const options = createOptions();
    expect((await provider.send(mailTo(), options)).kind).toBe('sent');
    expect(options.handOvers).toBe(1);
    expect(server.mails).toHaveLength(2);
  });

  const farewells = ['drop', '421 idle for too long'];
  test.each(farewells)(
    'sends over a fresh connection when a kept one answers the envelope with %j',
    async (farewell) => {
      const isSecondMail = ({ verb, connection }: SmtpMoment) =>
        verb === 'MAIL' && connection === 1 && server.mails.length === 1;
      const server: SmtpTestServer = await startServer({
        reply: (moment) => (isSecondMail(moment) ? farewell : null),
      });
      const provider = createProvider(server.port, { poolSize: 1 });
      await provider.send(mailTo(), createOptions());
      const options = createOptions();
      expect((await provider.send(mailTo(), options)).kind).toBe('sent');
      expect(options.handOvers).toBe(1);
      expect(server.counts.connections).toBe(2);
      expect(server.mails).toHaveLength(2);
    },
  );

  test('does not try again on its own where a fresh connection breaks', async () => {
    const server = await startServer({ reply: on({ MAIL: 'drop' }) });
    expect((await createProvider(server.port).send(mailTo(), createOptions())).kind).toBe('provider_down');
    expect(server.counts.connections).toBe(1);
  });

  test('does not try again once the hand-over began, on a kept connection either', async () => {
    const server: SmtpTestServer = await startServer({
      reply: ({ verb }) => (verb === 'END' && server.mails.length === 2 ? 'drop' : null),
    });
    const provider = createProvider(server.port, { poolSize: 1 });
    await provider.send(mailTo(), createOptions());
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('ambiguous');
    await provider.close();
    expect(server.mails).toHaveLength(2);
    expect(server.counts.connections).toBe(1);
  });

  test('drains before it closes, takes nothing more, and closes twice', async () => {
    const answer = Promise.withResolvers<null>();
    const server = await startServer({ reply: ({ verb }) => (verb === 'END' ? answer.promise : null) });
    const provider = createProvider(server.port, { poolSize: 1 });
    const sending = [provider.send(mailTo(), createOptions()), provider.send(mailTo(), createOptions())];
    await server.until(() => server.log.includes('END'));
    const closing = provider.close();
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('provider_down');
    expect(Bun.peek.status(closing)).toBe('pending');
    answer.resolve(null);
    await closing;
    expect((await Promise.all(sending)).map(({ kind }) => kind)).toEqual(['sent', 'sent']);
    await server.until(() => server.counts.open === 0);
    expect(server.log.filter((verb) => verb === 'QUIT')).toHaveLength(1);
    await provider.close();
  });
});

describe('signing in and encryption', () => {
  async function startTlsServer(options: ConstructorParameters<typeof SMTPServer>[0] = {}) {
    const sessions: { isSecure: boolean; user: unknown }[] = [];
    const server = new SMTPServer({
      authOptional: true,
      onAuth({ username, password }, _session, done) {
        if (username === 'user' && password === 'right') done(null, { user: username });
        else done(new Error('wrong password'));
      },
      async onData(stream, session, done) {
        for await (const _chunk of stream); // Read to the end, as a server has to before it answers.
        sessions.push({ isSecure: session.secure, user: session.user });
        done(null, 'kept');
      },
      ...options,
    });
    server.on('error', () => {}); // Refused certificates and cut connections.
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    endings.push(() => new Promise((resolve) => server.close(() => resolve(undefined))));
    const address = server.server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { port: address.port, sessions };
  }

  const TRUSTING = { rejectUnauthorized: false };

  test('STARTTLS is used where it is offered', async () => {
    const { port, sessions } = await startTlsServer();
    const result = await createProvider(port, { tls: TRUSTING }).send(mailTo(), createOptions());
    expect(result.kind).toBe('sent');
    expect(sessions.map(({ isSecure }) => isSecure)).toEqual([true]);
  });

  test('TLS from the first byte', async () => {
    const { port, sessions } = await startTlsServer({ secure: true });
    const result = await createProvider(port, { isSecure: true, tls: TRUSTING }).send(
      mailTo(),
      createOptions(),
    );
    expect(result.kind).toBe('sent');
    expect(sessions.map(({ isSecure }) => isSecure)).toEqual([true]);
  });

  test('a certificate that nobody vouches for is not trusted', async () => {
    const { port, sessions } = await startTlsServer();
    expect((await createProvider(port).send(mailTo(), createOptions())).kind).toBe('provider_down');
    expect(sessions).toEqual([]);
  });

  test('plain text is refused where TLS is required', async () => {
    const server = await startServer();
    expect(
      (await createProvider(server.port, { isTlsRequired: true }).send(mailTo(), createOptions())).kind,
    ).toBe('provider_down');
    expect(server.log).not.toContain('MAIL');
  });

  test('the right password signs in', async () => {
    const { port, sessions } = await startTlsServer({ authOptional: false });
    const provider = createProvider(port, { tls: TRUSTING, auth: { user: 'user', pass: 'right' } });
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('sent');
    expect(sessions.map(({ user }) => user)).toEqual(['user']);
  });

  test('the wrong password means that the provider is down, not that the mail is bad', async () => {
    const { port, sessions } = await startTlsServer({ authOptional: false });
    const provider = createProvider(port, { tls: TRUSTING, auth: { user: 'user', pass: 'wrong-password' } });
    const result = await provider.send(mailTo(), createOptions());
    expect(result.kind).toBe('provider_down');
    expect(JSON.stringify(result)).not.toContain('wrong-password');
    expect(sessions).toEqual([]);
  });

  test('credentials are not left out where the relay offers no way to sign in', async () => {
    const server = await startServer({ extensions: [] });
    const provider = createProvider(server.port, { auth: { user: 'user', pass: 'right' } });
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('provider_down');
    expect(server.log).not.toContain('MAIL');
  });
});

describe('DKIM', () => {
  /** Signs with the number of the signature, so that it shows which one left. */
  function createCountingSigner() {
    const given: Uint8Array[] = [];
    return {
      given,
      async sign(mime: Uint8Array) {
        given.push(mime);
        return Buffer.concat([Buffer.from(`DKIM-Signature: ${given.length}\r\n`), mime]);
      },
    };
  }

  test('what leaves is signed, and its announced size is that of the signed message', async () => {
    const lines: string[] = [];
    const reply = ({ line }: SmtpMoment) => {
      lines.push(line);
      return null;
    };
    const server = await startServer({ extensions: ['SIZE'], reply });
    const dkim = createCountingSigner();
    const mail = mailTo();
    expect((await createProvider(server.port, { dkim }).send(mail, createOptions())).kind).toBe('sent');
    expect(server.mails.map(({ data }) => data)).toEqual([`DKIM-Signature: 1\r\n${MIME.slice(0, -2)}`]);
    expect(dkim.given).toEqual([mail.mime]);
    expect(lines).toContain(
      `MAIL FROM:<sender@acme.example> SIZE=${MIME.length + 'DKIM-Signature: 1\r\n'.length}`,
    );
  });

  test('a message is signed once, also where a kept connection had to be replaced', async () => {
    const server = await startServer();
    const dkim = createCountingSigner();
    const provider = createProvider(server.port, { dkim, poolSize: 1 });
    await provider.send(mailTo(), createOptions());
    server.dropAll();
    expect((await provider.send(mailTo(), createOptions())).kind).toBe('sent');
    expect(server.mails.map(({ data }) => data.split('\r\n')[0])).toEqual([
      'DKIM-Signature: 1',
      'DKIM-Signature: 2',
    ]);
    expect(dkim.given).toHaveLength(2);
  });

  test('a message that cannot be signed does not leave unsigned', async () => {
    const server = await startServer();
    const dkim = { sign: () => Promise.reject(new Error('no key')) };
    const sending = createProvider(server.port, { dkim }).send(mailTo(), createOptions());
    await expect(sending).rejects.toThrow('no key');
    expect(server.counts.connections).toBe(0);
  });
});

const UNSAFE: [string, OutboundMail['envelope']][] = [
  ['a line break', { from: 'a@b.example', to: ['a@b\r\nRCPT TO:<evil@c>'] }],
  ['an angle bracket', { from: 'a@b.example', to: ['a@b> NOTIFY=NEVER'] }],
  ['a space', { from: 'a@b.example SIZE=1', to: ['a@b.example'] }],
  ['NUL', { from: 'a@b.example', to: ['a\0@b.example'] }],
  ['no recipient', { from: 'a@b.example', to: [] }],
  ['an empty recipient', { from: 'a@b.example', to: [''] }],
];
test.each(UNSAFE)('an envelope with %s never reaches a relay', async (_, envelope) => {
  const server = await startServer();
  const result = await createProvider(server.port).send({ ...mailTo(), envelope }, createOptions());
  expect(result.kind).toBe('rejected');
  expect(server.counts.connections).toBe(0);
});

test('an empty sender is the null reverse-path', async () => {
  const server = await startServer();
  const mail = { ...mailTo(), envelope: { from: '', to: ['a@b.example'] } };
  expect((await createProvider(server.port).send(mail, createOptions())).kind).toBe('sent');
  expect(server.mails.map(({ from }) => from)).toEqual(['']);
});
