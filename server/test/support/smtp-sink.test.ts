import { afterEach, describe, expect, test } from 'bun:test';
import { createTransport } from 'nodemailer';
import { type SinkOptions, type SmtpSink, startSmtpSink } from './smtp-sink.ts';

const started: SmtpSink[] = [];

async function startSink(options?: SinkOptions): Promise<SmtpSink> {
  const sink = await startSmtpSink(options);
  started.push(sink);
  return sink;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((sink) => sink.stop()));
});

type Wish = { to?: string[]; text?: string; auth?: { user: string; pass: string }; socketTimeout?: number };

function send(
  sink: SmtpSink,
  { to = ['b@example.org'], text = 'hello', auth, socketTimeout = 20_000 }: Wish = {},
) {
  const transport = createTransport({
    host: sink.host,
    port: sink.port,
    socketTimeout,
    tls: { rejectUnauthorized: false },
    ...(auth ? { auth } : {}),
  });
  return transport.sendMail({ from: 'a@example.org', to, subject: 'one', text });
}

/** The SMTP code or nodemailer's name of what went wrong. */
async function failureOf(sending: Promise<unknown>): Promise<unknown> {
  try {
    await sending;
    return 'none';
  } catch (error) {
    if (typeof error !== 'object' || error === null) return error;
    if ('responseCode' in error && error.responseCode !== undefined) return error.responseCode;
    return 'code' in error ? error.code : error;
  }
}

describe('the SMTP sink', () => {
  test('keeps envelope and bytes, with leading dots as they were written', async () => {
    const sink = await startSink();
    await send(sink, { to: ['b@example.org', 'c@example.org'], text: 'first\n.dot\n..dots' });
    const [mail] = await sink.waitForMails(1);
    expect(mail).toMatchObject({ from: 'a@example.org', to: ['b@example.org', 'c@example.org'], user: null });
    const raw = new TextDecoder().decode(mail?.raw);
    expect(raw).toContain('\r\nSubject: one\r\n');
    expect(raw).toContain('first\r\n.dot\r\n..dots');
  });

  test('wakes a wait that began before the mail came', async () => {
    const sink = await startSink();
    const waiting = sink.waitForMail((mail) => mail.to.includes('late@example.org'));
    await send(sink);
    await send(sink, { to: ['late@example.org'] });
    expect((await waiting).to).toEqual(['late@example.org']);
    expect(sink.mails).toHaveLength(2);
    expect(sink.connectionCount()).toBe(2);
  });

  test('a wait ends with an error when the sink does', async () => {
    const sink = await startSink();
    // Not `expect().rejects`: Bun runs the event loop inside that call, before the sink could be stopped.
    const failure = failureOf(sink.waitForMails(1));
    await sink.stop();
    expect(await failure).toBeInstanceOf(Error);
  });

  test('refuses one recipient and takes the others', async () => {
    const recipient = (address: string) =>
      address.startsWith('no') ? { code: 550, text: 'no such user' } : null;
    const sink = await startSink({ plan: { recipient } });
    const info = await send(sink, { to: ['no@example.org', 'yes@example.org'] });
    expect(info.rejected).toEqual(['no@example.org']);
    expect(sink.mails[0]?.to).toEqual(['yes@example.org']);
  });

  test('answers with the planned codes and keeps nothing', async () => {
    const sink = await startSink();
    sink.setPlan({ greeting: () => ({ code: 421, text: 'busy' }) });
    expect(await failureOf(send(sink))).toBe(421);
    sink.setPlan({ sender: () => ({ code: 451, text: 'later' }) });
    expect(await failureOf(send(sink))).toBe(451);
    sink.setPlan({ recipient: () => ({ code: 450, text: 'greylisted' }) });
    expect(await failureOf(send(sink))).toBe(450);
    sink.setPlan({ message: () => ({ code: 554, text: 'spam' }) });
    expect(await failureOf(send(sink))).toBe(554);
    expect(sink.mails).toHaveLength(0);
    sink.setPlan({});
    expect(await failureOf(send(sink))).toBe('none');
  });

  test('keeps a mail whose answer it drops', async () => {
    const sink = await startSink({ plan: { message: () => 'drop' } });
    expect(await failureOf(send(sink))).not.toBe('none');
    expect(await sink.waitForMails(1)).toHaveLength(1);
  });

  test('keeps a mail that it never answers', async () => {
    const sink = await startSink({ plan: { message: () => 'hang' } });
    const sending = failureOf(send(sink));
    await sink.waitForMails(1);
    sink.dropConnections();
    expect(await sending).not.toBe('none');
  });

  test('drops a connection at DATA and has no mail then', async () => {
    const sink = await startSink({ plan: { data: () => 'drop' } });
    expect(await failureOf(send(sink))).not.toBe('none');
    expect(sink.mails).toHaveLength(0);
  });

  test('cuts a connection in the middle of the message and has no mail then', async () => {
    const sink = await startSink({
      plan: { data: ({ to }) => (to.includes('b@example.org') ? 'cut' : null) },
    });
    expect(await failureOf(send(sink, { text: 'x'.repeat(100_000) }))).not.toBe('none');
    await send(sink, { to: ['c@example.org'] });
    expect(sink.mails.map(({ to }) => to)).toEqual([['c@example.org']]);
  });

  test('comes back on the port it had', async () => {
    const first = await startSink();
    await first.stop();
    expect(await failureOf(send(first))).toBe('ESOCKET');
    const second = await startSink({ port: first.port });
    await send(first);
    expect(second.mails).toHaveLength(1);
  });

  test('takes the planned time to answer, with the mail already kept', async () => {
    const answered: string[] = [];
    const sink = await startSink({
      plan: { answerDelayMs: 50, answered: ({ to }) => void answered.push(...to) },
    });
    const sending = send(sink);
    await sink.waitForMails(1);
    expect(answered).toEqual([]);
    expect((await sending).accepted).toEqual(['b@example.org']);
    expect(answered).toEqual(['b@example.org']);
  });

  test('asks for the login it was given', async () => {
    const auth = { user: 'me', pass: 'secret' };
    const sink = await startSink({ auth });
    expect(await failureOf(send(sink))).toBe(530);
    expect(await failureOf(send(sink, { auth: { user: 'me', pass: 'wrong' } }))).toBe(535);
    await send(sink, { auth });
    expect(sink.mails.map((mail) => mail.user)).toEqual(['me']);
  });

  test('speaks TLS after STARTTLS', async () => {
    const sink = await startSink({ startTls: true });
    await send(sink);
    expect(sink.mails.map((mail) => mail.isSecure)).toEqual([true]);
  });
});
