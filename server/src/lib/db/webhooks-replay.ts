import type { Database } from './database.ts';
import { type FeedEvent, findFeedEvent, selectEventsBetween } from './event-feed.ts';
import type { WebhookEndpoint } from './webhooks-endpoints.ts';
import { type DueDelivery, insertReplays, toDelivery } from './webhooks-fan-out.ts';
import { wantsType } from '../webhooks/event-types.ts';

/** Events that one request looks at, at most. */
export const MAX_REPLAYED = 5000;

export type Replay = {
  due: DueDelivery[];
  /** Where the limit cut the time short: the time to ask from next. Null where all was looked at. */
  next: Date | null;
};

/** Makes one event due once more for an endpoint; null where its owner has no such event. */
export async function replayEvent(
  database: Database,
  endpoint: WebhookEndpoint,
  eventId: number,
): Promise<Replay | null> {
  const event = await findFeedEvent(database.db, endpoint, eventId);
  return event && { due: await replay(database, endpoint, [event]), next: null };
}

/** Makes the events of a time that the endpoint wants due once more, whether they had reached it or not. */
export async function replayBetween(
  database: Database,
  endpoint: WebhookEndpoint,
  { since, until }: { since: Date; until: Date },
): Promise<Replay> {
  const found = await selectEventsBetween(database.db, {
    owner: endpoint,
    since,
    until,
    limit: MAX_REPLAYED + 1,
  });
  const rest = found[MAX_REPLAYED];
  const wanted = found
    .slice(0, MAX_REPLAYED)
    .filter(({ type }) => wantsType(endpoint.events, `message.${type}`));
  return { due: await replay(database, endpoint, wanted), next: rest?.at ?? null };
}

async function replay(
  database: Database,
  { id }: WebhookEndpoint,
  events: readonly FeedEvent[],
): Promise<DueDelivery[]> {
  return database.transaction((tx) =>
    insertReplays(
      tx,
      events.map((event) => toDelivery(event, id)),
    ),
  );
}
