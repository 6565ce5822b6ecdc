import type { MessageOwner } from '../../lib/db/messages.ts';
import type { Db } from '../../lib/db/database.ts';
import type { FeedEvent } from '../../lib/db/event-feed.ts';
import type { FeedPosition } from '../../lib/db/event-feed-position.ts';
import { settlesWithin } from '../../lib/time-limit.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { createEventStream, type EventStream } from './event-stream.ts';
import { createLiveFeed } from './live-feed.ts';
import { ApiError } from '../problems/problem.ts';

export type StreamRequest = {
  owner: MessageOwner;
  from: FeedPosition;
  isWanted: (event: FeedEvent) => boolean;
  /** Asked at once, every second or so, and when the client's keys changed; the stream ends once it is false. */
  isStillAllowed: () => Promise<boolean>;
};

/** The event streams that this process has open. */
export type Streams = {
  /** @throws ApiError `too_many_streams` or `service_unavailable` */
  open(request: StreamRequest): ReadableStream<Uint8Array>;
  /** Looks at once whether the keys of this client's streams are still valid. */
  recheck(clientId: string): void;
  /** Ends every stream, and takes no further ones. */
  stop(): Promise<void>;
};

export type StreamsOptions = {
  db: Db;
  logger: Logger;
  metrics: Metrics;
  maxPerClient?: number;
  heartbeatMs?: number;
  recheckMs?: number;
  maxWaitingChars?: number;
};

/** Proxies cut connections that are silent for a minute, some for half of that. */
const HEARTBEAT_MS = 15_000;
/** Where no news of a revocation came: with the age of what is remembered then, less than two seconds. */
export const RECHECK_MS = 1250;
const MAX_PER_CLIENT = 20;
/** For the last words to leave. */
const LAST_WORDS_MS = 200;

export function createStreams({
  db,
  logger,
  metrics,
  maxPerClient = MAX_PER_CLIENT,
  heartbeatMs = HEARTBEAT_MS,
  recheckMs = RECHECK_MS,
  maxWaitingChars,
}: StreamsOptions): Streams {
  const feed = createLiveFeed({ db, logger });
  const open = new Map<EventStream, { following: Promise<void>; look: () => void }>();
  let isStopped = false;

  function assertRoom({ clientId }: MessageOwner): void {
    if (isStopped)
      throw new ApiError('service_unavailable', 'The service is stopping; connect again.', {
        headers: { 'retry-after': '1' },
      });
    const own = [...open.keys()].filter((stream) => stream.clientId === clientId).length;
    if (own < maxPerClient) return;
    throw new ApiError(
      'too_many_streams',
      `A client may have ${maxPerClient} streams open at one instance; share one, or close others.`,
      { headers: { 'retry-after': '5' } },
    );
  }

  async function follow(stream: EventStream, from: FeedPosition, signal: AbortSignal): Promise<void> {
    try {
      await feed.follow(stream, from, signal);
    } catch (error) {
      logger.warn({ err: error }, 'an event stream could not catch up');
      stream.end('the events cannot be read now: resume from the last id');
    }
  }

  async function recheck(stream: EventStream, isStillAllowed: () => Promise<boolean>): Promise<void> {
    try {
      if (!(await isStillAllowed())) stream.end('the key is no longer valid');
    } catch (error) {
      logger.debug({ err: error }, 'could not look whether a key is still valid');
    }
  }

  return {
    open({ owner, from, isWanted, isStillAllowed }) {
      assertRoom(owner);
      const ended = new AbortController();
      const timers: Timer[] = [];
      const stream = createEventStream({
        clientId: owner.clientId,
        from,
        isWanted: (event) => event.mode === owner.mode && isWanted(event),
        ...(maxWaitingChars === undefined ? {} : { maxWaitingChars }),
        onEnd() {
          for (const timer of timers) clearInterval(timer);
          open.delete(stream);
          metrics.streams.add(-1);
          ended.abort();
        },
      });
      metrics.streams.add(1);
      const look = () => void recheck(stream, isStillAllowed);
      timers.push(
        setInterval(() => stream.beat(), heartbeatMs),
        setInterval(look, recheckMs),
      );
      open.set(stream, { following: follow(stream, from, ended.signal), look });
      // The request may have been let in by what was remembered, and the news have come before the stream was here.
      look();
      return stream.body;
    },
    recheck(clientId) {
      for (const [stream, { look }] of open) if (stream.clientId === clientId) look();
    },
    async stop() {
      isStopped = true;
      const following = [...open.values()].map((entry) => entry.following);
      for (const stream of open.keys()) stream.end('the service is stopping: resume from the last id');
      await feed.stop();
      await settlesWithin(LAST_WORDS_MS, Promise.all(following));
    },
  };
}
