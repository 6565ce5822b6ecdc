import { afterEach, describe, expect, test } from 'bun:test';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createWebhookSender, type WebhookSenderOptions } from './sender.ts';
import { createTestCertificate } from '../providers/test-certificate.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

type Handler = (request: Request) => Response | Promise<Response>;

function startServer(handler: Handler): { port: number; requests: Request[] } {
  const requests: Request[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      requests.push(request);
      return handler(request);
    },
  });
  closers.push(() => server.stop(true));
  return { port: Number(server.port), requests };
}

/** A server that counts connections, for what must not even be connected to. */
async function startTrap(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, connections: () => connections };
}

const NEVER = new AbortController().signal;

function sendTo(url: string, options: Partial<WebhookSenderOptions> = {}, signal = NEVER) {
  const send = createWebhookSender({
    policy: { allowHttp: true, allowPrivate: true },
    resolve: async () => ['127.0.0.1'],
    timeoutMs: 10_000,
    ...options,
  });
  return send({ url, headers: { 'webhook-id': 'one' }, body: '{"a":1}' }, signal);
}

describe('sending a webhook', () => {
  test('posts the body and its headers under the name', async () => {
    const bodies: string[] = [];
    const { port, requests } = startServer(async (request) => {
      bodies.push(await request.text());
      return new Response('thank you', { status: 202 });
    });
    const result = await sendTo(`http://hooks.example.test:${port}/a?b=c`);
    expect(result).toEqual({ statusCode: 202, error: null, response: 'thank you' });
    expect(bodies).toEqual(['{"a":1}']);
    const [request] = requests;
    expect(request?.method).toBe('POST');
    expect(request?.headers.get('host')).toBe(`hooks.example.test:${port}`);
    expect(request?.headers.get('webhook-id')).toBe('one');
    expect(request?.headers.get('content-type')).toBe('application/json');
    expect(new URL(request?.url ?? '').search).toBe('?b=c');
  });

  test('asks DNS once and connects to that answer, whatever DNS says next', async () => {
    const { port, requests } = startServer(() => new Response());
    const answers = ['127.0.0.1', '203.0.113.9'];
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return [answers.shift() ?? ''];
    };
    expect((await sendTo(`http://hooks.example.test:${port}/`, { resolve })).statusCode).toBe(200);
    expect(asked).toEqual(['hooks.example.test']);
    expect(requests).toHaveLength(1);
  });

  test('does not connect where a name that was public turns private', async () => {
    const trap = await startTrap();
    const policy = { allowHttp: true, allowPrivate: false };
    const resolve = async () => ['127.0.0.1'];
    // Port 80 is allowed, so that nothing but the address is wrong; the trap would see whoever ignored the port.
    for (const url of ['http://hooks.example.com/', `http://hooks.example.com:${trap.port}/`]) {
      const result = await sendTo(url, { policy, resolve });
      expect(result).toMatchObject({ statusCode: null, response: null });
    }
    expect((await sendTo('http://hooks.example.com/', { policy, resolve })).error).toContain('not public');
    expect(trap.connections()).toBe(0);
  });

  test.each([
    'http://127.0.0.1',
    'http://2130706433',
    'http://[::1]',
    'http://[::ffff:7f00:1]',
    'http://localhost',
  ])('does not connect to %s', async (origin) => {
    const trap = await startTrap();
    const result = await sendTo(`${origin}:${trap.port}/`, {
      policy: { allowHttp: true, allowPrivate: false },
    });
    expect(result.statusCode).toBeNull();
    expect(trap.connections()).toBe(0);
  });

  test.each([301, 302, 303, 307, 308])('does not follow a %d', async (status) => {
    const trap = await startTrap();
    const { port } = startServer(
      () => new Response(null, { status, headers: { location: `http://127.0.0.1:${trap.port}/` } }),
    );
    expect((await sendTo(`http://hooks.example.test:${port}/`)).statusCode).toBe(status);
    expect(trap.connections()).toBe(0);
  });

  test('reads the first KB of an answer without end, and lets go', async () => {
    const left = Promise.withResolvers<void>();
    const { port } = startServer((request) => {
      request.signal.addEventListener('abort', () => left.resolve());
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await Bun.sleep(1);
          controller.enqueue(new Uint8Array(4096).fill(120));
        },
      });
      return new Response(body);
    });
    const { statusCode, response } = await sendTo(`http://hooks.example.test:${port}/`);
    expect(statusCode).toBe(200);
    expect(response).toBe('x'.repeat(1024));
    await left.promise;
  });

  test('does not unpack a compressed answer', async () => {
    const bomb = Bun.gzipSync(new Uint8Array(50_000_000));
    const { port } = startServer(() => new Response(bomb, { headers: { 'content-encoding': 'gzip' } }));
    const { response } = await sendTo(`http://hooks.example.test:${port}/`);
    expect(response?.length).toBeLessThanOrEqual(1024);
  });

  test('an answer is kept as text that the database takes', async () => {
    const { port } = startServer(() => new Response(new Uint8Array([0, 0xff, 65])));
    expect((await sendTo(`http://hooks.example.test:${port}/`)).response).toBe('\uFFFD\uFFFDA');
  });

  test('gives up where there is no answer in time, in DNS, in the connection or in the body', async () => {
    const silent = createTcpServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closers.push(() => silent.close());
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const url = `http://hooks.example.test:${port}/`;
    const error = 'no answer within 50 ms';
    expect(await sendTo(url, { timeoutMs: 50 })).toMatchObject({ statusCode: null, error });
    const resolve = () => new Promise<string[]>(() => {});
    expect(await sendTo(url, { timeoutMs: 50, resolve })).toMatchObject({ statusCode: null, error });
    const begun = startServer(() => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new TextEncoder().encode('begun')),
        pull: () => new Promise(() => {}),
      });
      return new Response(body);
    });
    const result = await sendTo(`http://hooks.example.test:${begun.port}/`, { timeoutMs: 1000 });
    expect(result).toEqual({ statusCode: 200, error: null, response: 'begun' });
  });

  test('ends at once when the service stops', async () => {
    const abort = new AbortController();
    const { port } = startServer(() => {
      abort.abort();
      return new Promise<Response>(() => {});
    });
    const result = await sendTo(`http://hooks.example.test:${port}/`, {}, abort.signal);
    expect(result).toEqual({ statusCode: null, error: 'the service was stopped', response: null });
  });

  test('says why nothing answered, without the address behind the name', async () => {
    const { error } = await sendTo('http://hooks.example.test:1/');
    expect(error).toBeString();
    expect(error).not.toContain('127.0.0.1');
    const resolve = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    };
    expect((await sendTo('http://hooks.example.test/', { resolve })).error).toContain('ENOTFOUND');
  });
});

describe('over TLS', () => {
  const NAME = 'hooks.example.test';
  const { key, cert } = createTestCertificate({ commonName: NAME });

  async function startTls(): Promise<{ port: number; names: unknown[] }> {
    const names: unknown[] = [];
    const server = createTlsServer({ key, cert }, (socket: Socket & { servername?: unknown }) => {
      names.push(socket.servername);
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'));
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const address = server.address();
    return { port: typeof address === 'object' && address ? address.port : 0, names };
  }

  test('asks for the name and proves it, although it connects to an address', async () => {
    const { port, names } = await startTls();
    expect(await sendTo(`https://${NAME}:${port}/`, { ca: cert })).toMatchObject({ statusCode: 204 });
    expect(names).toEqual([NAME]);
  });

  test('refuses a certificate of another name, and one that nobody vouches for', async () => {
    const { port } = await startTls();
    expect(await sendTo(`https://other.example.test:${port}/`, { ca: cert })).toMatchObject({
      statusCode: null,
    });
    expect(await sendTo(`https://${NAME}:${port}/`)).toMatchObject({ statusCode: null });
  });
});
