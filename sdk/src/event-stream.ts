import { MailError } from './mail-error.ts';

/** One server-sent event. */
export type ServerEvent = { id: string | null; event: string; data: string };

/** A line this long is no event of ours, but somebody filling our memory. */
const MAX_BUFFERED_CHARACTERS = 1024 * 1024;

/**
 * Reads server-sent events off a body (WHATWG HTML §9.2.6), comments left out. Ends where the body ends, throws what reading
 * throws.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let buffered = '';
  let event = createEvent();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
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
        if (event.lines.length > 0) yield toServerEvent(event);
        event = createEvent();
      }
    }
  } finally {
    // Also where whoever iterates stops: the connection is not kept open for nobody.
    await reader.cancel().catch(() => {});
  }
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
  return new MailError({ code: 'unexpected_answer', message: 'The stream has a line without an end.', status: 200 });
}
