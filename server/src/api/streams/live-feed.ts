import type { Db } from '../../lib/db/database.ts';
import { type FeedEvent, readFeed } from '../../lib/db/event-feed.ts';
import { comparePositions, type FeedPosition } from '../../lib/db/event-feed-position.ts';
import { type Loop, startLoop } from '../../lib/loop.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

/** Somebody who wants every event of a client from a place on, in order and once. */
export type FeedReader = {
  readonly clientId: string;
  /** Given each batch as it is read, with the place that it reaches to; empty batches move the place on too. */
  take(events: readonly FeedEvent[], reached: FeedPosition): void;
  /** Resolves when it can take more; only waited for while it is behind. */
  drained(): Promise<void>;
};

export type LiveFeed = {
  /**
   * Follows the feed for a reader until `signal` fires: page by page at the reader's own pace up to the head, from there on together with all
   * others.
   */
  follow(reader: FeedReader, from: FeedPosition, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
};

/** Between two looks at the head: short after events, longer where nothing happens. */
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 400;

type Member = { reader: FeedReader; position: FeedPosition };

/** One reading of the feed for all streams of this process: what a look costs does not grow with their number. */
export function createLiveFeed({ db, logger }: { db: Db; logger: Logger }): LiveFeed {
  const members = new Set<Member>();
  let position: FeedPosition | null = null;
  let loop: Loop | null = null;
  let reading: Promise<unknown> = Promise.resolve();
  let isReading = false;
  let pauseMs = MIN_PAUSE_MS;
  const onError = (error: unknown) => logger.warn({ err: error }, 'could not read new events');

  async function readForAll(after: FeedPosition): Promise<number> {
    const clientIds = [...new Set([...members].map(({ reader }) => reader.clientId))];
    const page = await readFeed(db, { after, clientIds });
    position = page.next;
    const byClient = Map.groupBy(page.events, ({ clientId }) => clientId);
    for (const member of members) give(member, byClient.get(member.reader.clientId) ?? [], page.next);
    pauseMs = page.events.length > 0 ? MIN_PAUSE_MS : Math.min(pauseMs * 2, MAX_PAUSE_MS);
    return page.isAtHead ? pauseMs : 0;
  }

  async function turn(): Promise<number> {
    if (members.size === 0 || position === null) return MAX_PAUSE_MS;
    const done = Promise.withResolvers<void>();
    reading = done.promise;
    isReading = true;
    try {
      return await readForAll(position);
    } finally {
      isReading = false;
      done.resolve();
    }
  }

  /** False where the others are ahead, so that the member has to catch up first. */
  async function join(member: Member): Promise<boolean> {
    // A reading under way does not know this member's client, and will have moved on when it ends.
    while (isReading) await reading;
    if (members.size === 0) position = member.position;
    if (position === null || comparePositions(member.position, position) < 0) return false;
    members.add(member);
    loop ??= startLoop(turn, { retryMs: MAX_PAUSE_MS, onError });
    return true;
  }

  async function catchUp(member: Member, signal: AbortSignal): Promise<boolean> {
    const { reader } = member;
    const page = await readFeed(db, { after: member.position, clientIds: [reader.clientId] });
    if (signal.aborted) return true;
    give(member, page.events, page.next);
    await reader.drained();
    return signal.aborted || (page.isAtHead && (await join(member)));
  }

  return {
    async follow(reader, from, signal) {
      const member: Member = { reader, position: from };
      signal.addEventListener('abort', () => members.delete(member), { once: true });
      while (!signal.aborted && !(await catchUp(member, signal)));
      // It may have ended while it waited to join.
      if (signal.aborted) members.delete(member);
    },
    async stop() {
      await loop?.stop();
    },
  };
}

/** Only what is behind the member's own place: it may have been ahead of the others when it joined. */
function give(member: Member, events: readonly FeedEvent[], reached: FeedPosition): void {
  if (comparePositions(reached, member.position) <= 0) return;
  const fresh = events.filter((event) => comparePositions(event.position, member.position) > 0);
  member.position = reached;
  member.reader.take(fresh, reached);
}
