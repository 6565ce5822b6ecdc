import { describe, expect, test } from 'bun:test';
import { createMailer } from '../index.ts';
import { hangBell } from './bell.ts';

/** No test waits so long: what resolves was rung for. */
const FOR_EVER_MS = 2 ** 31 - 1;
const EVENT = 'id: 1\nevent: handed_over\ndata: {"messageId":"m1","type":"handed_over"}\n\n';

/** A service of which the test holds the other end of the stream. */
function openStream() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const mailer = createMailer({
    baseUrl: 'http://mail.test',
    apiKey: 'mk_test_x',
    fetch: async () => new Response(readable, { headers: { 'content-type': 'text/event-stream' } }),
  });
  return { mailer, writer, ring: () => writer.write(new TextEncoder().encode(EVENT)) };
}

describe('the bell', () => {
  test('rings when something happens', async () => {
    const { mailer, ring } = openStream();
    const bell = hangBell(mailer);
    const heard = bell.heard(FOR_EVER_MS);
    await Promise.all([ring(), heard]);
    bell.stop();
  });

  test('is heard by one who looked elsewhere when it rang', async () => {
    const { mailer, ring } = openStream();
    const bell = hangBell(mailer);
    // The first is taken off the stream when the second can be written.
    await ring();
    await ring();
    await bell.heard(FOR_EVER_MS);
    bell.stop();
  });

  test('lets go of its connection when it is stopped', async () => {
    const { mailer, ring, writer } = openStream();
    const bell = hangBell(mailer);
    await Promise.all([ring(), bell.heard(FOR_EVER_MS)]);
    bell.stop();
    // Nobody reads any more: what is written fails.
    expect(await writer.closed.catch(() => 'let go')).toBe('let go');
  });

  test('is silent where there is no stream, and whoever waits goes on', async () => {
    const refusal = Response.json({ code: 'not_found', status: 404 }, { status: 404 });
    const mailer = createMailer({
      baseUrl: 'http://mail.test',
      apiKey: 'mk_test_x',
      fetch: async () => refusal,
    });
    const bell = hangBell(mailer);
    await bell.heard(1);
    bell.stop();
  });
});
