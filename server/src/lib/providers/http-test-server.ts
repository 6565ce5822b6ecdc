import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export type ReceivedRequest = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** Counts from 1. */
  connection: number;
};

/**
 * What to answer: `drop` cuts the connection, `silence` says nothing, `raw` is written as it is and then cut where
 * `isCut` says so.
 */
export type ScriptedAnswer =
  | 'drop'
  | 'silence'
  | { raw: string; isCut?: boolean }
  | { status: number; json?: unknown; text?: string; headers?: Record<string, string> };

export type HttpTestServer = {
  readonly url: string;
  /** Requests that were received whole, whatever was answered. */
  readonly requests: ReceivedRequest[];
  /** `CONNECTED`, `HEAD`, `REQUEST` and `CLOSED`, in order. */
  readonly log: string[];
  readonly counts: { connections: number; open: number; mostOpen: number };
  /** Resolves as soon as the condition holds; it is looked at after every event. */
  until(condition: () => boolean): Promise<void>;
  dropAll(): void;
  stop(): Promise<void>;
};

type ServerOptions = {
  answer?: (request: ReceivedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>;
  /** Cuts at a moment before the request is whole. */
  dropAt?: 'CONNECTED' | 'HEAD';
  tls?: { key: string; cert: string };
};

type Conversation = { socket: Socket; connection: number; bytes: Buffer; isHeadNoted: boolean };

/** A real HTTP/1.1 conversation on a loopback port that a test may answer, delay, cut or leave hanging. */
export async function startHttpTestServer(options: ServerOptions = {}): Promise<HttpTestServer> {
  const answerOf = options.answer ?? (() => ({ status: 200, json: {} }));
  const requests: ReceivedRequest[] = [];
  const log: string[] = [];
  const counts = { connections: 0, open: 0, mostOpen: 0 };
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();

  function note(event: string): void {
    log.push(event);
    for (const look of waiting) look();
  }

  function startConversation(socket: Socket): void {
    counts.connections += 1;
    counts.open += 1;
    counts.mostOpen = Math.max(counts.mostOpen, counts.open);
    sockets.add(socket);
    const conversation = {
      socket,
      connection: counts.connections,
      bytes: Buffer.alloc(0),
      isHeadNoted: false,
    };
    socket.on('data', (chunk) => {
      conversation.bytes = Buffer.concat([conversation.bytes, Buffer.from(chunk)]);
      void readOn(conversation);
    });
    socket.on('error', () => {}); // A cut connection is what many of the tests are about.
    socket.on('close', () => {
      counts.open -= 1;
      sockets.delete(socket);
      note('CLOSED');
    });
    note('CONNECTED');
    if (options.dropAt === 'CONNECTED') socket.destroy();
  }

  async function readOn(conversation: Conversation): Promise<void> {
    const headEnd = conversation.bytes.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    if (!conversation.isHeadNoted) {
      conversation.isHeadNoted = true;
      note('HEAD');
      if (options.dropAt === 'HEAD') conversation.socket.destroy();
    }
    const head = parseHead(conversation.bytes.subarray(0, headEnd).toString('latin1'));
    const end = headEnd + 4 + Number(head.headers['content-length'] ?? 0);
    if (conversation.bytes.length < end || conversation.socket.destroyed) return;
    const body = conversation.bytes.subarray(headEnd + 4, end).toString('utf8');
    conversation.bytes = conversation.bytes.subarray(end);
    conversation.isHeadNoted = false;
    const request = { ...head, body, connection: conversation.connection };
    requests.push(request);
    note('REQUEST');
    write(conversation.socket, await answerOf(request));
  }

  const server = options.tls
    ? createTlsServer(options.tls, startConversation).on('tlsClientError', () => {})
    : createServer(startConversation);
  const port = await listen(server);
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    log,
    counts,
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    dropAll() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function write(socket: Socket, answer: ScriptedAnswer): void {
  if (answer === 'silence' || socket.destroyed) return;
  if (answer === 'drop') {
    socket.destroy();
  } else if ('raw' in answer) {
    socket.write(answer.raw, () => {
      if (answer.isCut) socket.destroy();
    });
  } else {
    const body = answer.text ?? (answer.json === undefined ? '' : JSON.stringify(answer.json));
    const headers = {
      'content-type': answer.text === undefined ? 'application/json' : 'text/html',
      'content-length': String(Buffer.byteLength(body)),
      ...answer.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${answer.status} Status\r\n${lines.join('')}\r\n${body}`);
  }
}

function parseHead(head: string): Pick<ReceivedRequest, 'method' | 'path' | 'headers'> {
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { method, path, headers };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the test server has no port');
  return address.port;
}
