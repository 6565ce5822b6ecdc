import { waitFor } from './wait-for.ts';

/** One event as a browser's EventSource would see it. */
export type StreamedEvent = { id: string; type: string; data: Record<string, unknown> };

/** A reader of an event stream, by the rules of the standard as far as the service uses them. */
export type EventReader = {
  status: number;
  headers: Headers;
  events: StreamedEvent[];
  comments: string[];
  /** What a reconnection would send; moved by heartbeats too. */
  lastEventId: string;
  /** Resolves when the server has ended the stream or the reader has closed it. */
  ended: Promise<void>;
  waitForEvents(count: number): Promise<StreamedEvent[]>;
  close(): Promise<void>;
};

export type EventReaderOptions = { key: string; lastEventId?: string; query?: string };

/** Connects; a refusal is an answer like any other, to be looked at in `status`. */
export async function openEventReader(
  url: string,
  { key, lastEventId = '', query = '' }: EventReaderOptions,
): Promise<EventReader> {
  const abort = new AbortController();
  const response = await fetch(`${url}/v1/messages/stream${query}`, {
    headers: { 'x-api-key': key, ...(lastEventId && { 'last-event-id': lastEventId }) },
    signal: abort.signal,
  });
  const reader: EventReader = {
    status: response.status,
    headers: response.headers,
    events: [],
    comments: [],
    lastEventId,
    ended: Promise.resolve(),
    waitForEvents: (count) =>
      waitFor(`${count} events`, () => (reader.events.length >= count ? reader.events : null)),
    async close() {
      abort.abort();
      await reader.ended;
    },
  };
  reader.ended = follow(response, reader);
  return reader;
}

async function follow(response: Response, reader: EventReader): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) read(block, reader);
    }
  } catch {
    // Closed by this side, or cut by the other: what arrived has been read.
  }
}

function read(block: string, reader: EventReader): void {
  let type = 'message';
  let data = '';
  for (const line of block.split('\n')) {
    const [name = '', ...words] = line.split(': ');
    const value = words.join(': ');
    if (line.startsWith(':')) reader.comments.push(line.slice(1).trim());
    else if (name === 'id') reader.lastEventId = value;
    else if (name === 'event') type = value;
    else if (name === 'data') data = value;
  }
  if (data !== '') reader.events.push({ id: reader.lastEventId, type, data: JSON.parse(data) });
}
