import type { FeedEvent } from '../../lib/db/event-feed.ts';
import { type FeedPosition, toFeedCursor } from '../../lib/db/event-feed-position.ts';
import { toEventFacts } from '../../lib/webhooks/payload.ts';
import type { FeedReader } from './live-feed.ts';

export type EventStreamOptions = {
  clientId: string;
  from: FeedPosition;
  isWanted: (event: FeedEvent) => boolean;
  /** Text that waits for a reader who does not read; one who has more waiting is let go. 1 MiB by default. */
  maxWaitingChars?: number;
  /** Called once, however the stream ended. */
  onEnd: () => void;
};

/** Server-sent events for one reader. */
export type EventStream = FeedReader & {
  readonly body: ReadableStream<Uint8Array>;
  /** Says that the connection is alive, and how far it has come. Ends it where nothing was read since the last two. */
  beat(): void;
  /** Says why, as a comment, and closes; the reader can resume from what it has. Safe to call twice. */
  end(why: string): void;
};

/** How soon a reader comes back after its stream has ended. */
const RECONNECT_MS = 1000;

/** Somebody who does not read the last words either is cut off after this. */
const LAST_WORDS_MS = 10_000;

/** Beats without any reading after which nobody is taken to be there. */
const MAX_MISSED_BEATS = 2;

/** Makes the body of an event stream. What is not read yet waits here, up to a limit. */
export function createEventStream({
  clientId,
  from,
  isWanted,
  maxWaitingChars = 1024 * 1024,
  onEnd,
}: EventStreamOptions): EventStream {
  const encoder = new TextEncoder();
  let waiting = [`retry: ${RECONNECT_MS}\n${toId(from)}\n`];
  let waitingChars = 0;
  let reached = from;
  let missedBeats = 0;
  let isEnded = false;
  let cutOff: Timer | undefined;
  let controllerOf: ReadableStreamDefaultController<Uint8Array>;
  /** Woken when there is something to read, or when it was read. */
  let onFilled = () => {};
  let onDrained = () => {};

  const add = (text: string) => {
    waiting.push(text);
    waitingChars += text.length;
    onFilled();
  };
  const close = () => {
    if (isEnded) return;
    isEnded = true;
    onFilled();
    onDrained();
    onEnd();
    cutOff = setTimeout(() => controllerOf.error(new Error('the last words were not read')), LAST_WORDS_MS);
    cutOff.unref();
  };
  const end = (why: string) => {
    if (isEnded) return;
    add(`: ${why}\n\n`);
    close();
  };
  /** What waits is dropped: whoever resumes gets it again. */
  const letGo = (why: string) => {
    waiting = [];
    end(why);
  };

  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controllerOf = controller;
      },
      async pull(controller) {
        missedBeats = 0;
        while (waiting.length === 0 && !isEnded) {
          await new Promise<void>((resolve) => {
            onFilled = resolve;
          });
        }
        if (waiting.length > 0) controller.enqueue(encoder.encode(waiting.join('')));
        waiting = [];
        waitingChars = 0;
        onDrained();
        if (!isEnded) return;
        clearTimeout(cutOff);
        controller.close();
      },
      cancel() {
        close();
        clearTimeout(cutOff);
      },
    },
    { highWaterMark: 0 },
  );

  return {
    clientId,
    body,
    end,
    take(events, position) {
      if (isEnded) return;
      reached = position;
      // Asked before and not after: one page of many events is no sign of slowness.
      if (waitingChars > maxWaitingChars) {
        letGo('too slow: resume from the last id');
        return;
      }
      const text = events.filter(isWanted).map(toText).join('');
      if (text !== '') add(text);
    },
    async drained() {
      while (waitingChars > 0 && !isEnded) {
        await new Promise<void>((resolve) => {
          onDrained = resolve;
        });
      }
    },
    beat() {
      if (waiting.length === 0) add(`${toId(reached)}: heartbeat\n\n`);
      else if (++missedBeats > MAX_MISSED_BEATS) letGo('nothing was read');
    },
  };
}

function toId(position: FeedPosition): string {
  return `id: ${toFeedCursor(position)}\n`;
}

function toText(event: FeedEvent): string {
  const { type, at } = event;
  const data = JSON.stringify({ type, at: at.toISOString(), ...toEventFacts(event) });
  return `${toId(event.position)}event: ${type}\ndata: ${data}\n\n`;
}
