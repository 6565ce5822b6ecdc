import type { Database } from '../lib/db/database.ts';
import { countEvents, findFeedHead } from '../lib/db/event-feed.ts';
import type { FeedPosition } from '../lib/db/event-feed-position.ts';
import { readServiceFigures } from '../lib/db/service-figures.ts';
import type { MailQueue } from '../lib/queue/mail-queue.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';

export type ServiceWatchDeps = {
  database: Database;
  queue: Pick<MailQueue, 'depth'>;
  metrics: Pick<Metrics, 'service' | 'events'>;
};

const PAUSE_MS = 5000;
/** While another instance does it: how soon its place is taken. */
const AWAY_PAUSE_MS = 1000;

/**
 * Finds out what operators watch of the service as a whole: how much waits and for how long, and which events there were. One
 * instance does it for all; one that no longer does says nothing, so that sums over instances are right.
 *
 * @returns one turn, which gives the pause after it
 */
export function createServiceWatch(
  { database, queue, metrics }: ServiceWatchDeps,
  isOurs: () => boolean,
): () => Promise<number> {
  let seen: FeedPosition | null = null;

  const countNew = async () => {
    const head = await findFeedHead(database.db);
    if (seen !== null) {
      const counts = await countEvents(database.db, { after: seen, head });
      for (const { type, count } of counts) metrics.events.add(count, { type });
    }
    // What came before us was counted by whoever watched then.
    seen = head;
  };

  return async () => {
    if (!isOurs()) {
      seen = null;
      metrics.service.forget();
      return AWAY_PAUSE_MS;
    }
    await countNew();
    const [figures, depth] = await Promise.all([readServiceFigures(database), queue.depth()]);
    metrics.service.report({ ...figures, ...depth });
    return PAUSE_MS;
  };
}
