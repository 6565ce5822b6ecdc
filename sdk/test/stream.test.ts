import { afterEach, describe, expect, test } from 'bun:test';
import { createMailer, MailError, type StreamEvent } from '../src/index.ts';

type Connection = { url: URL; headers: Headers; write(text: string): void; end(): void };

const servers: { stop(force: boolean): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop(true)));
});

/** A server of streams, each of which does what `serve` says. */
function startStreams(serve: (connection: Connection, count: number) => Response | void) {
  const connections: Connection[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const writer = writable.getWriter();
      // Whoever has left does not read the rest.
      const ignoring = async (write: Promise<void>) => void (await Promise.allSettled([write]));
      const connection = {
        url: new URL(request.url),
        headers: request.headers,
        write: (text: string) => void ignoring(writer.write(new TextEncoder().encode(text))),
        end: () => void ignoring(writer.close()),
      };
      connections.push(connection);
      const refusal = serve(connection, connections.length);
      return refusal ?? new Response(readable, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  servers.push(server);
  const mailer = createMailer({ baseUrl: `http://127.0.0.1:${server.port}`, apiKey: 'mk_test_x' });
  return { mailer, connections };
}

const event = (id: number, type = 'sent') => {
  const data = { messageId: `m${id}`, type, status: 'sent' };
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
};

async function take(stream: AsyncIterable<StreamEvent>, count: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id, messageId } of stream) {
    ids.push(`${id}:${messageId}`);
    if (ids.length === count) break;
  }
  return ids;
}

describe('the stream', () => {
  test('asks for what is wanted, reads events however they are cut, and leaves comments out', async () => {
    const { mailer, connections } = startStreams(({ write }) => {
      const text = `: hello\r\n\r\n${event(1).replaceAll('\n', '\r\n')}:\n\n${event(2)}`;
      for (const character of text) write(character);
    });
    const stream = mailer.stream({ status: 'sent', tags: { order: 'a b' } }, { after: '0' });
    expect(await take(stream, 2)).toEqual(['1:m1', '2:m2']);
    const [first] = connections;
    expect(first?.url.search).toBe('?status=sent&tag.order=a+b');
    expect(first?.headers.get('last-event-id')).toBe('0');
    expect(first?.headers.get('accept')).toBe('text/event-stream');
  });

  test('goes on after the last event when a connection ends, breaks or is refused for a while', async () => {
    const { mailer, connections } = startStreams(({ write, end }, count) => {
      if (count === 2) return new Response('', { status: 503 });
      write(event(count));
      // An event that was cut off is not one.
      write('id: 99\ndata: {"messageId"');
      end();
    });
    expect(await take(mailer.stream(), 3)).toEqual(['1:m1', '3:m3', '4:m4']);
    expect(connections.map(({ headers }) => headers.get('last-event-id'))).toEqual([null, '1', '1', '3']);
  });

  test('goes on where a heartbeat said, though nothing wanted had come', async () => {
    const { mailer, connections } = startStreams(({ write, end }, count) => {
      if (count === 2) return write(event(8));
      write('retry: 1000\nid: 7\n\n');
      end();
    });
    expect(await take(mailer.stream(), 1)).toEqual(['8:m8']);
    expect(connections[1]?.headers.get('last-event-id')).toBe('7');
  });

  test('ends with what will not pass', async () => {
    const problem = { code: 'unauthenticated', detail: 'no', requestId: 'r' };
    const { mailer, connections } = startStreams(() => Response.json(problem, { status: 401 }));
    await expect(take(mailer.stream(), 1)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(connections).toHaveLength(1);
  });

  test('ends by its signal while it waits', async () => {
    const controller = new AbortController();
    const { mailer } = startStreams(({ write }) => write(event(1)));
    const seen: string[] = [];
    const read = async () => {
      for await (const { id } of mailer.stream({}, { signal: controller.signal })) {
        seen.push(id);
        controller.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'aborted' });
    expect(seen).toEqual(['1']);
  });

  test('a line without an end is refused', async () => {
    const { mailer } = startStreams(({ write }) => {
      for (let sent = 0; sent < 40; sent += 1) write('x'.repeat(64 * 1024));
    });
    const error = await take(mailer.stream(), 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MailError);
    expect(error).toMatchObject({ code: 'unexpected_answer' });
  });
});
