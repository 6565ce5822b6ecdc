import { readSync, writeSync } from 'node:fs';
import { createFrameDecoder, encodeFrame, REPLY, REQUEST, type Frame } from './frames.ts';
import { splitInitRequest } from './init-request.ts';
import { lockDown } from './lockdown.ts';
import { createRealm, type Realm } from './realm.ts';
import { parseRenderRequest, splitRenderRequest } from './render-request.ts';

// The program of a sandbox process. It reads requests from standard input and answers on standard output, blocking:
// between renders not even a timer of a template can run, and a parent that is gone is an end of input.

const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
const READ_BYTES = 64 * 1024;

// Time zones are taken from the machine otherwise, and the same message would render differently elsewhere.
process.env['TZ'] = 'UTC';

// A rejection that nobody handles is printed by Bun, and printing it would call the object's own inspect method
// with functions of the host's realm. The reason is deliberately not looked at.
process.on('unhandledRejection', () => {});
process.on('uncaughtException', () => {});

/** Returns once every microtask has run: the event loop does not turn before. */
function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function send(kind: number, text: string): void {
  const frame = encodeFrame(kind, text);
  for (let offset = 0; offset < frame.length;) {
    try {
      offset += writeSync(1, frame, offset);
    } catch (error) {
      if (!isRetryable(error)) throw error;
    }
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR');
}

function answerError(message: string): void {
  send(REPLY.answer, JSON.stringify({ status: 'error', message }));
}

async function render(realm: Realm, text: string): Promise<void> {
  const { requestJson, propsJson } = splitRenderRequest(text);
  const { codeHash } = parseRenderRequest(requestJson);
  if (!realm.hasCode(codeHash)) return send(REPLY.unknownCode, '');
  send(REPLY.started, '');
  if (!realm.start({ codeHash, requestJson, propsJson }))
    return answerError('The compiled template is not a module');
  let answer: string | null = null;
  while (answer === null) {
    await drainMicrotasks();
    answer = realm.take();
    if (answer === null && !realm.step()) realm.stall();
  }
  realm.finish();
  // A template that leaves a loop of promises behind never gets past this line, and is ended by its limits
  // instead of burning the next render's time.
  await drainMicrotasks();
  send(REPLY.answer, answer);
}

function addCode(realm: Realm, text: string): void {
  const end = text.indexOf('\n');
  realm.addCode(text.slice(0, end), text.slice(end + 1));
}

async function main(): Promise<void> {
  const decoder = createFrameDecoder({ maxBytes: MAX_REQUEST_BYTES });
  const chunk = Buffer.alloc(READ_BYTES);
  let realm: Realm | null = null;
  const handle = async (frame: Frame): Promise<void> => {
    if (frame.kind === REQUEST.init) {
      const { mode, runtimeCode } = splitInitRequest(frame.text);
      realm = createRealm(runtimeCode);
      return send(REPLY.ready, JSON.stringify(lockDown(mode)));
    }
    if (realm === null) throw new Error('The sandbox has no runtime yet');
    if (frame.kind === REQUEST.code) return addCode(realm, frame.text);
    if (frame.kind === REQUEST.render) return render(realm, frame.text);
  };
  for (;;) {
    const length = readSync(0, chunk, 0, chunk.length, null);
    if (length === 0) return;
    const frames = decoder.push(chunk.subarray(0, length));
    if (frames === 'too_large') throw new Error('A request is too large');
    for (const frame of frames) await handle(frame);
  }
}

try {
  await main();
  process.exit(0);
} catch {
  // standard error is closed; the parent sees the end of the pipe
  process.exit(1);
}
