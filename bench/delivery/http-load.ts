/**
 * A load generator in a process of its own, so that its CPU time is nobody else's: keeps connections open and sends the next request
 * on each as soon as the answer to the one before is there. Reads its plan from standard input and prints one
 * {@link LoadResult} as JSON.
 */
import type { Socket } from 'bun';

export type LoadPlan = {
  port: number;
  path: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  /** Sends no more after this many requests, or after this time, whichever comes first. */
  requests: number;
  durationMs: number;
  /** Requests a second in all, evenly spread; as fast as the answers come where it is left out. */
  ratePerS?: number;
};

export type LoadResult = {
  /** Answers with a status from 200 to 299. */
  ok: number;
  failed: number;
  firstFailure: string | null;
  durationMs: number;
  p50Ms: number;
  p99Ms: number;
};

type Connection = { buffer: Buffer; sentAt: number; isDone: boolean };

const HEADER_END = Buffer.from('\r\n\r\n');

/** Length of the first whole answer in the buffer, and its status; null where more is to come. */
function parseAnswer(buffer: Buffer): { length: number; status: number } | null {
  const end = buffer.indexOf(HEADER_END);
  if (end < 0) return null;
  const head = buffer.toString('latin1', 0, end);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length:\n${head}`);
  const total = end + HEADER_END.length + Number(length);
  return buffer.length < total ? null : { length: total, status: Number(head.slice(9, 12)) };
}

async function run(plan: LoadPlan): Promise<LoadResult> {
  const { port, path, headers, body, connections, requests } = plan;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n${lines.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const times: number[] = [];
  const result = { ok: 0, failed: 0, firstFailure: null as string | null };
  const finished = Promise.withResolvers<void>();
  let started = 0;
  let open = connections;
  let startedAt = 0;
  let endsAt = 0;

  const send = (socket: Socket<Connection>) => {
    if (started >= requests || performance.now() >= endsAt) {
      socket.data.isDone = true;
      socket.end();
      return;
    }
    const dueInMs =
      plan.ratePerS === undefined ? 0 : startedAt + (started / plan.ratePerS) * 1000 - performance.now();
    started += 1;
    const write = () => {
      socket.data.sentAt = performance.now();
      socket.write(request);
    };
    if (dueInMs > 0) setTimeout(write, dueInMs);
    else write();
  };
  const fail = (reason: string) => {
    result.failed += 1;
    result.firstFailure ??= reason;
  };
  const sockets = {
    data(socket: Socket<Connection>, chunk: Buffer) {
      const { data } = socket;
      data.buffer = data.buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([data.buffer, chunk]);
      const answer = parseAnswer(data.buffer);
      if (!answer) return;
      times.push(performance.now() - data.sentAt);
      if (answer.status >= 200 && answer.status < 300) result.ok += 1;
      else fail(data.buffer.toString('utf8', 0, 1000));
      data.buffer = data.buffer.subarray(answer.length);
      send(socket);
    },
    close(socket: Socket<Connection>) {
      if (!socket.data.isDone) fail('the connection was closed');
      open -= 1;
      if (open === 0) finished.resolve();
    },
  };
  const all = await Promise.all(
    Array.from({ length: connections }, () =>
      Bun.connect<Connection>({
        hostname: '127.0.0.1',
        port,
        socket: sockets,
        data: { buffer: Buffer.alloc(0), sentAt: 0, isDone: false },
      }),
    ),
  );
  startedAt = performance.now();
  endsAt = startedAt + plan.durationMs;
  for (const socket of all) send(socket);
  await finished.promise;
  const durationMs = performance.now() - startedAt;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { ...result, durationMs, p50Ms: at(0.5), p99Ms: at(0.99) };
}

if (import.meta.main) console.log(JSON.stringify(await run(await Bun.stdin.json())));
