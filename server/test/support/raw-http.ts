import { connect } from 'node:net';

export type RawRequest = {
  method: string;
  /** As it is written, without any repair. */
  target: string;
  headers: readonly string[];
  body: Uint8Array | null;
};

/** `status` is 0 where the connection was closed without an answer. */
export type RawAnswer = { status: number; contentType: string; text: string };

const GIVE_UP_MS = 25_000;

/** Sends what no HTTP client would; reads the head only where the answer is a stream without an end. */
export async function sendRaw(url: URL, { method, target, headers, body }: RawRequest): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const socket = connect(Number(url.port), url.hostname);
  const chunks: Buffer[] = [];
  socket.setTimeout(GIVE_UP_MS, () => reject(new Error(`no answer to ${method} ${target.slice(0, 200)}`)));
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (chunks.length === 1 && /^content-type: text\/event-stream\r/im.test(headOf(chunk))) resolve(chunk);
  });
  socket.on('close', () => resolve(Buffer.concat(chunks)));
  socket.on('error', () => resolve(Buffer.concat(chunks)));
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${url.host}`, 'Connection: close', ...headers];
  if (body) lines.push(`Content-Length: ${body.byteLength}`);
  socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  if (body) socket.write(body);
  try {
    return parse(await promise);
  } finally {
    socket.destroy();
  }
}

function headOf(bytes: Buffer): string {
  const end = bytes.indexOf('\r\n\r\n');
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end + 2);
}

function parse(bytes: Buffer): RawAnswer {
  const head = headOf(bytes);
  const end = bytes.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  const contentType = /^content-type: *(.*)$/im.exec(head)?.[1]?.trim() ?? '';
  const isChunked = /^transfer-encoding: *chunked/im.test(head);
  const text = end === -1 ? '' : bytes.toString('utf8', end + 4);
  return { status, contentType, text: isChunked ? text.replaceAll(/(^|\r\n)[0-9a-f]+\r\n/gi, '') : text };
}
