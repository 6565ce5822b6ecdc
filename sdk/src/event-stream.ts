import { MailError } from './mail-error.ts';

/** One server-sent event; `data` is empty where it only says where to go on. */
export type ServerEvent = { id: string | null; event: string; data: string };

/** A line this long is no event of ours, but somebody filling our memory. */
const MAX_BUFFERED_CHARACTERS = 1024 * 1024;

/** When to stop reading, though there may be more to come. */
export type ReadLimits = { signal: AbortSignal | undefined; maxSilenceMs: number };

/**
 * Reads server-sent events off a body (WHATWG HTML §9.2.6), comments left out. Ends where the body ends, where nothing has come for
 * too long, and where the signal says so.
 *
 * @throws MailError `network_error` where the connection is lost
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  { signal, maxSilenceMs }: ReadLimits,
): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.getReader();
  // A canceled reader is done, also where it waits.
  const stop = () => void cancel(reader);
  const watch = startWatch(maxSilenceMs, stop);
  signal?.addEventListener('abort', stop, { once: true });
  const decoder = new TextDecoder();
  let buffered = '';
  let event = createEvent();
  try {
    for (;;) {
      const { done, value } = await read(reader);
      if (done) return;
      watch.reset();
      buffered += decoder.decode(value, { stream: true });
      // A return that may still get its line feed waits for it.
      const lines = buffered.split(/\r\n|\n|\r(?!$)/);
      buffered = lines.pop() ?? '';
      if (buffered.length > MAX_BUFFERED_CHARACTERS) throw tooLong();
      for (const line of lines) {
        if (line !== '') {
          takeLine(event, line);
          continue;
        }
        // An id alone says how far the stream has come, though nothing in it was wanted.
        if (event.lines.length > 0 || event.id !== null) yield toServerEvent(event);
        event = createEvent();
      }
    }
  } finally {
    watch.end();
    signal?.removeEventListener('abort', stop);
    // Also where whoever iterates stops: the connection is not kept open for nobody.
    stop();
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (error) {
    throw new MailError({ code: 'network_error', message: 'The stream was lost.', cause: error });
  }
}

async function cancel(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    // It was lost already, which is as good.
  }
}

function startWatch(maxSilenceMs: number, stop: () => void): { reset(): void; end(): void } {
  let timer = setTimeout(stop, maxSilenceMs);
  return {
    reset() {
      clearTimeout(timer);
      timer = setTimeout(stop, maxSilenceMs);
    },
    end: () => clearTimeout(timer),
  };
}

type Unfinished = { id: string | null; name: string; lines: string[] };

function createEvent(): Unfinished {
  return { id: null, name: 'message', lines: [] };
}

function toServerEvent({ id, name, lines }: Unfinished): ServerEvent {
  return { id, event: name, data: lines.join('\n') };
}

function takeLine(event: Unfinished, line: string): void {
  const colon = line.indexOf(':');
  const field = colon === -1 ? line : line.slice(0, colon);
  const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'data') event.lines.push(value);
  if (field === 'id') event.id = value;
  if (field === 'event') event.name = value;
}

function tooLong(): MailError {
  return new MailError({
    code: 'unexpected_answer',
    message: 'The stream has a line without an end.',
    status: 200,
  });
}
