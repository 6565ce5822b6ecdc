import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { findFeedHead, findPositionBefore } from '../../lib/db/event-feed.ts';
import { comparePositions, type FeedPosition, parseFeedCursor } from '../../lib/db/event-feed-position.ts';
import { createEventFilter } from '../streams/event-filter.ts';
import { parseStreamFilter } from '../lists/message-filter.ts';
import { assertClient, assertScope, type Authenticator } from '../middleware/authenticate.ts';
import { ApiError, type ProblemCode } from '../problems/problem.ts';
import { StreamQuery } from '../streams/stream-schema.ts';
import type { Streams } from '../streams/streams.ts';

export type StreamDeps = {
  database: Database;
  authenticator: Authenticator;
  /** The same without limits of rate: looking at a key again is no request of its client. */
  known: Authenticator;
  streams: Streams;
};

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Proxies of the nginx family would otherwise collect events before they pass them on.
  'x-accel-buffering': 'no',
};

/** What a key that is no longer valid is answered with; a database that hangs says nothing about it. */
const REFUSALS: ReadonlySet<ProblemCode> = new Set(['unauthenticated', 'client_suspended']);

/** `/v1/messages/stream`: events of the key's client and mode, as they happen. */
export function streamController({ database, authenticator, known, streams }: StreamDeps) {
  return new Elysia({ prefix: '/v1/messages', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .get(
      '/stream',
      async ({ query, identity, request }) => {
        assertScope(identity, 'read');
        assertClient(identity);
        const owner = { clientId: identity.client.id, mode: identity.mode };
        const filter = parseStreamFilter(query);
        const from = await findStart(database, request.headers.get('last-event-id'), filter.since ?? null);
        const isWanted = createEventFilter(filter);
        const isStillAllowed = () => isAllowed(known, request);
        return new Response(streams.open({ owner, from, isWanted, isStillAllowed }), { headers: HEADERS });
      },
      { query: StreamQuery },
    );
}

async function findStart(
  { db }: Database,
  lastEventId: string | null,
  since: Date | null,
): Promise<FeedPosition> {
  if (lastEventId === null || lastEventId === '')
    return since ? findPositionBefore(db, since) : findFeedHead(db);
  const position = parseFeedCursor(lastEventId);
  // One from ahead of the database is from another one, or from before it was restored.
  if (position && comparePositions(position, await findFeedHead(db)) <= 0) return position;
  throw new ApiError('invalid_request', 'The Last-Event-ID is not one that this API gave out.', {
    errors: [{ path: '/last-event-id', message: 'must be the id of an event of this stream' }],
  });
}

/** With the time between two looks this stays below the two seconds after which no revoked key may be of use. */
export const MAX_KEY_AGE_MS = 500;

/** A new look at the key: what was found for the request itself stays with it. */
async function isAllowed(known: Authenticator, request: Request): Promise<boolean> {
  const headers = new Headers();
  for (const name of ['x-api-key', 'authorization']) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  try {
    const identity = await known.identify(new Request(request.url, { headers }), {
      maxAgeMs: MAX_KEY_AGE_MS,
    });
    return identity.kind === 'client' && identity.scopes.includes('read');
  } catch (error) {
    if (error instanceof ApiError && REFUSALS.has(error.code)) return false;
    throw error;
  }
}
