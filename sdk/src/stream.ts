import { toQuery } from './api-client.ts';
import { readEvents, type ServerEvent } from './event-stream.ts';
import { MailError } from './mail-error.ts';
import type { CallOptions } from './options.ts';
import { DEFAULT_RETRY, toDelayMs } from './retry.ts';
import { pause, toAborted, type Transport } from './transport.ts';
import type { Message, MessageEvent, MessageQuery } from './types.ts';

/** Which events: those of messages with this status, recipient, template, provider, trace or tags, from a time on or from now. */
export type StreamQuery = Pick<
  MessageQuery,
  'status' | 'recipient' | 'template' | 'provider' | 'traceId' | 'since'
> & {
  tags?: Record<string, string>;
};

/** Something that happened to a message. */
export type StreamEvent = MessageEvent &
  Pick<Message, 'status' | 'template' | 'tags'> & {
    /** Where a stream goes on after this event, as `after`. */
    id: string;
    messageId: string;
  };

export type StreamOptions = Pick<CallOptions, 'signal' | 'headers'> & {
  /** The `id` of the last event that was seen, by an earlier stream perhaps. */
  after?: string;
};

/** The service says something every 15 s, if only that it is there. */
const MAX_SILENCE_MS = 45_000;

/**
 * Events as they happen, without end: a connection that is lost is made again, and goes on after the last event.
 *
 * @internal
 */
export async function* streamEvents(
  transport: Transport,
  { tags = {}, ...query }: StreamQuery,
  { signal, headers = {}, after }: StreamOptions,
): AsyncGenerator<StreamEvent, void, undefined> {
  const tagQuery = Object.fromEntries(Object.entries(tags).map(([name, value]) => [`tag.${name}`, value]));
  const path = `/v1/messages/stream${toQuery({ ...query, ...tagQuery })}`;
  let lastId = after;
  for (let attempt = 1; ; attempt += 1) {
    let retryAfterMs: number | null = null;
    try {
      const body = await open(transport, path, { signal, headers: { ...headers, ...resumeAt(lastId) } });
      for await (const event of readEvents(body, { signal, maxSilenceMs: MAX_SILENCE_MS })) {
        lastId = event.id ?? lastId;
        // What was lost this time is a new story.
        attempt = 1;
        const value = toStreamEvent(event);
        if (value) yield value;
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      ({ retryAfterMs } = error);
    }
    if (signal?.aborted) throw toAborted(signal);
    await pause(toDelayMs(DEFAULT_RETRY, { attempt, retryAfterMs, random: Math.random }), signal);
  }
}

function resumeAt(lastId: string | undefined): Record<string, string> {
  return lastId === undefined ? {} : { 'last-event-id': lastId };
}

async function open(
  transport: Transport,
  path: string,
  options: CallOptions & { headers: Record<string, string> },
): Promise<ReadableStream<Uint8Array>> {
  const headers = { ...options.headers, accept: 'text/event-stream' };
  const response = await transport.open({
    method: 'GET',
    path,
    isRepeatable: true,
    options: { ...options, headers },
  });
  if (response.body) return response.body;
  throw new MailError({
    code: 'unexpected_answer',
    message: 'The stream has no body.',
    status: response.status,
  });
}

/** A stream goes on through everything that may pass; what will be the same at the next attempt ends it. */
function isPassing(error: unknown): error is MailError {
  if (!(error instanceof MailError)) return false;
  return error.status === null ? error.code !== 'aborted' : error.status === 429 || error.status >= 500;
}

function toStreamEvent({ id, data }: ServerEvent): StreamEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  return isEventData(value) && id !== null ? { ...value, id } : null;
}

function isEventData(value: unknown): value is Omit<StreamEvent, 'id'> {
  return typeof value === 'object' && value !== null && 'messageId' in value && 'type' in value;
}
