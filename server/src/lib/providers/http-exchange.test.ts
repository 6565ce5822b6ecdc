import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { exchange, type HttpExchangeOptions, type HttpRequest } from './http-exchange.ts';
import { createTestCertificate } from './test-certificate.ts';
import { type HttpTestServer, startHttpTestServer } from './http-test-server.ts';

let endings: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  endings = [];
});
afterEach(async () => {
  for (const end of endings.toReversed()) await end();
});

async function startServer(options: Parameters<typeof startHttpTestServer>[0] = {}): Promise<HttpTestServer> {
  const server = await startHttpTestServer(options);
  endings.push(() => server.stop());
  return server;
}

function requestTo(url: string, body = '{"a":"ä"}'): HttpRequest {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', 'x-key': 'k' },
    body: new TextEncoder().encode(body),
  };
}

function createOptions(
  change: Partial<HttpExchangeOptions> = {},
): HttpExchangeOptions & { readonly handOvers: number } {
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

describe('an exchange', () => {
  test('brings the request over as it is, with its length, and the answer back', async () => {
    const server = await startServer({
      answer: () => ({ status: 202, json: { ok: true }, headers: { 'x-answer': 'yes' } }),
    });
    const options = createOptions();
    const answer = await exchange(requestTo(`${server.url}/send`), options);
    expect(answer).toMatchObject({ kind: 'answered', status: 202, body: '{"ok":true}', isWhole: true });
    expect(answer.kind === 'answered' && answer.headers.get('x-answer')).toBe('yes');
    expect(server.requests).toMatchObject([
      { method: 'POST', path: '/send', body: '{"a":"ä"}', headers: { 'x-key': 'k', 'content-length': '10' } },
    ]);
    expect(server.requests[0]?.headers['transfer-encoding']).toBeUndefined();
    expect(options.handOvers).toBe(1);
  });

  test('brings large bodies over whole, and keeps connections', async () => {
    const server = await startServer();
    const body = 'x'.repeat(1_000_000);
    for (let sent = 0; sent < 20; sent += 1) await exchange(requestTo(server.url, body), createOptions());
    expect(server.requests.map((request) => request.body.length)).toEqual(Array(20).fill(1_000_000));
    // An answer that overtakes the end of its request on loopback costs the connection, so not all are kept.
    expect(server.counts.connections).toBeLessThan(20);
  });

  test('hands over when the connection stands, before any byte of the body', async () => {
    const server = await startServer();
    const logAtHandOver: string[] = [];
    const onHandOver = async () => {
      await server.until(() => server.log.includes('HEAD'));
      // A whole other conversation with the same server proves that the wire stays quiet.
      await exchange(requestTo(server.url, 'probe'), createOptions());
      logAtHandOver.push(...server.requests.map(({ body }) => body));
    };
    await exchange(requestTo(server.url, 'mail'), createOptions({ onHandOver }));
    expect(logAtHandOver).toEqual(['probe']);
    expect(server.requests.map(({ body }) => body)).toEqual(['probe', 'mail']);
  });

  test('does not follow a redirect', async () => {
    const target = await startServer();
    const server = await startServer({ answer: () => ({ status: 307, headers: { location: target.url } }) });
    expect(await exchange(requestTo(server.url), createOptions())).toMatchObject({ status: 307 });
    expect(target.log).toEqual([]);
  });

  test('reads no more of an answer than it may', async () => {
    const server = await startServer({ answer: () => ({ status: 200, text: 'x'.repeat(5_000_000) }) });
    const answer = await exchange(requestTo(server.url), createOptions({ maxAnswerBytes: 1000 }));
    expect(answer).toMatchObject({ kind: 'answered', status: 200, isWhole: false });
    expect(answer.kind === 'answered' && answer.body.length).toBe(1000);
  });

  test('unpacks a compressed answer no further than it may', async () => {
    const bytes = Bun.gzipSync(new Uint8Array(50_000_000));
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response(bytes, { headers: { 'content-encoding': 'gzip' } }),
    });
    endings.push(() => server.stop(true));
    const answer = await exchange(requestTo(server.url.href), createOptions({ maxAnswerBytes: 1000 }));
    expect(answer).toMatchObject({ kind: 'answered', status: 200, isWhole: false });
  });

  test('keeps the status where the answer breaks off', async () => {
    const raw = 'HTTP/1.1 422 Unprocessable\r\ncontent-length: 100\r\n\r\n{"half';
    const server = await startServer({ answer: () => ({ raw, isCut: true }) });
    expect(await exchange(requestTo(server.url), createOptions())).toMatchObject({
      kind: 'answered',
      status: 422,
      isWhole: false,
    });
  });

  test('an error of the hand-over arrives unchanged, and the body stays here', async () => {
    const server = await startServer();
    const failure = Object.freeze(new Error('lease lost'));
    const onHandOver = () => Promise.reject(failure);
    await expect(exchange(requestTo(server.url), createOptions({ onHandOver }))).rejects.toBe(failure);
    await server.until(() => server.log.includes('CLOSED'));
    expect(server.requests).toEqual([]);
  });
});

describe('a connection that fails', () => {
  test('nobody listening: unreachable, and nothing is handed over', async () => {
    const server = await startHttpTestServer();
    await server.stop();
    const options = createOptions();
    expect((await exchange(requestTo(server.url), options)).kind).toBe('unreachable');
    expect(options.handOvers).toBe(0);
  });

  test('a certificate that nobody vouches for: unreachable, and nothing is handed over', async () => {
    const server = await startServer({ tls: createTestCertificate() });
    const options = createOptions();
    expect(await exchange(requestTo(server.url), options)).toMatchObject({ kind: 'unreachable' });
    expect(options.handOvers).toBe(0);
    expect(server.requests).toEqual([]);
  });

  test('a close during the TLS handshake: unreachable, and nothing is handed over', async () => {
    const server = await startServer({ dropAt: 'CONNECTED' });
    const options = createOptions();
    const url = server.url.replace('http:', 'https:');
    expect(await exchange(requestTo(url), options)).toMatchObject({ kind: 'unreachable' });
    expect(options.handOvers).toBe(0);
  });

  test('a close while the hand-over is being recorded: unreachable, and no byte of the body leaves', async () => {
    const server = await startServer();
    const options = createOptions({
      async onHandOver() {
        await server.until(() => server.log.includes('HEAD'));
        server.dropAll();
        await server.until(() => server.log.includes('CLOSED'));
        // The client hears of it a little later: a whole conversation gives it the turns to.
        await exchange(requestTo(server.url, 'probe'), createOptions());
      },
    });
    const result = await exchange(requestTo(server.url, 'mail'), options);
    expect(server.requests.every(({ body }) => body === 'probe')).toBe(true);
    expect(result.kind).toBe('unreachable');
  });

  test('a close after the request: lost, and it is sent once', async () => {
    const server = await startServer({ answer: () => 'drop' });
    const options = createOptions();
    expect((await exchange(requestTo(server.url), options)).kind).toBe('lost');
    expect(server.requests).toHaveLength(1);
    expect(options.handOvers).toBe(1);
  });

  test('a close after the request on a kept connection: lost, and it is sent once', async () => {
    const used = new Set<number>();
    const server = await startServer({
      answer: ({ connection }) => {
        if (used.has(connection)) return 'drop';
        used.add(connection);
        return { status: 200 };
      },
    });
    const kinds: string[] = [];
    while (!kinds.includes('lost') && kinds.length < 200) {
      kinds.push((await exchange(requestTo(server.url, `request ${kinds.length}`), createOptions())).kind);
    }
    expect(kinds.at(-1)).toBe('lost');
    expect(server.requests.map(({ body }) => body)).toEqual(kinds.map((_, index) => `request ${index}`));
  });

  test('a kept connection that died meanwhile is replaced', async () => {
    const server = await startServer();
    await exchange(requestTo(server.url, 'first'), createOptions());
    server.dropAll();
    const result = await exchange(requestTo(server.url, 'second'), createOptions());
    // Where the runtime had not heard of the close yet, the body may have been let go into it: never sent again then.
    expect(['answered', 'lost']).toContain(result.kind);
    expect(server.requests.filter(({ body }) => body === 'second').length).toBeLessThanOrEqual(1);
  });

  test('an answer that is not HTTP: lost', async () => {
    const server = await startServer({ answer: () => ({ raw: 'banana\r\n\r\n', isCut: true }) });
    expect((await exchange(requestTo(server.url), createOptions())).kind).toBe('lost');
  });
});

describe('aborting', () => {
  test('before anything began opens no connection', async () => {
    const server = await startServer();
    const options = createOptions({ signal: AbortSignal.abort() });
    expect(await exchange(requestTo(server.url), options)).toEqual({
      kind: 'unreachable',
      reason: 'aborted',
    });
    expect(server.log).toEqual([]);
  });

  test('while the answer is awaited: lost, and the connection is cut', async () => {
    const server = await startServer({ answer: () => 'silence' });
    const controller = new AbortController();
    const working = exchange(requestTo(server.url), createOptions({ signal: controller.signal }));
    await server.until(() => server.requests.length === 1);
    controller.abort();
    expect((await working).kind).toBe('lost');
    await server.until(() => server.counts.open === 0);
  });

  test('while the hand-over is being recorded waits for the record and lets nothing out', async () => {
    const server = await startServer();
    const controller = new AbortController();
    const recording = Promise.withResolvers<void>();
    const working = exchange(
      requestTo(server.url),
      createOptions({
        signal: controller.signal,
        onHandOver() {
          controller.abort();
          return recording.promise;
        },
      }),
    );
    await server.until(() => server.log.includes('CLOSED'));
    expect(Bun.peek.status(working)).toBe('pending');
    recording.resolve();
    expect(await working).toEqual({ kind: 'unreachable', reason: 'aborted' });
    expect(server.requests).toEqual([]);
  });

  test('while a TLS handshake hangs: unreachable', async () => {
    const server = await startServer();
    const controller = new AbortController();
    const url = server.url.replace('http:', 'https:');
    const working = exchange(requestTo(url), createOptions({ signal: controller.signal }));
    await server.until(() => server.log.includes('CONNECTED'));
    controller.abort();
    expect((await working).kind).toBe('unreachable');
  });
});
