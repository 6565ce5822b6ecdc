import type { Config } from '../config.ts';
import { repairRestoredFeed } from '../lib/db/event-feed-restore.ts';
import { pruneDeliveries, takeDue } from '../lib/db/webhooks-deliveries.ts';
import { fanOutOnce } from '../lib/db/webhooks-fan-out.ts';
import { type Loop, startLoop } from '../lib/loop.ts';
import type { Profile } from '../lib/profile.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { resolveBySystem } from '../lib/webhooks/resolve-target.ts';
import { createSecretBox } from '../lib/webhooks/secret-box.ts';
import { createWebhookSender } from '../lib/webhooks/sender.ts';
import { createWebhookProcessor } from './webhook.processor.ts';

export type WebhookDeps = { config: Config; profile: Profile; logger: Logger; metrics: Metrics };

/** Between looks at the feed where nothing was new. */
const FEED_PAUSE_MS = 250;
/** The same while nobody listens: the first of an endpoint's webhooks may take this long. */
const UNWANTED_PAUSE_MS = 1000;
/** Between looks at what is due: retries, and what the queue has lost. */
const DUE_PAUSE_MS = 1000;
const RETRY_MS = 2000;
const DUE_BATCH = 500;

const PRUNE_PAUSE_MS = 60 * 60_000;
const PRUNE_BUSY_PAUSE_MS = 1000;
const PRUNE_BATCH = 500;
/** What was delivered or given up is kept this long for people to look at. */
const KEEP_MS = 30 * 86_400_000;

/** Turns events into deliveries and makes them; `stop` finishes what is under way, within the configured grace. */
export function startWebhooks(deps: WebhookDeps): { stop(): Promise<void> } {
  const { config, profile, logger } = deps;
  const worker = profile.webhooks.startWorker({
    handler: createProcessor(deps),
    concurrency: config.webhooks.concurrency,
    onError: (error) => logger.error({ err: error }, 'a webhook met an error and is tried again'),
  });
  const loops = startLoops(deps);
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      await worker.stop(config.shutdownGraceMs);
    },
  };
}

function createProcessor({ config, profile, logger, metrics }: WebhookDeps) {
  const { allowHttp, allowPrivate, timeoutMs, retryDelaysMs, concurrency } = config.webhooks;
  return createWebhookProcessor({
    database: profile.database,
    queue: profile.webhooks.queue,
    send: createWebhookSender({
      policy: { allowHttp, allowPrivate },
      resolve: resolveBySystem,
      timeoutMs,
    }),
    box: createSecretBox(config.secretKey),
    retryDelaysMs,
    timeoutMs,
    maxAtOneEndpoint: Math.ceil(concurrency / 4),
    logger,
    metrics,
    now: () => new Date(),
  });
}

function startLoops({ profile, logger }: WebhookDeps): Loop[] {
  const { database, webhooks } = profile;
  let isInOrder = false;
  const fanOut = async () => {
    if (!isInOrder && (await repairRestoredFeed(database))) {
      logger.warn('the database was restored from another server: the feed of events was put in order');
    }
    isInOrder = true;
    const { due, hasMore, isWanted } = await fanOutOnce(database);
    await webhooks.queue.add(due);
    if (hasMore) return 0;
    return isWanted ? FEED_PAUSE_MS : UNWANTED_PAUSE_MS;
  };
  const remind = async () => {
    const due = await takeDue(database.db, { limit: DUE_BATCH });
    await webhooks.queue.add(due);
    return due.length === DUE_BATCH ? 0 : DUE_PAUSE_MS;
  };
  const prune = async () => {
    const before = new Date(Date.now() - KEEP_MS);
    const pruned = await pruneDeliveries(database.db, { before, limit: PRUNE_BATCH });
    return pruned === PRUNE_BATCH ? PRUNE_BUSY_PAUSE_MS : PRUNE_PAUSE_MS;
  };
  const start = (turn: () => Promise<number>, what: string) =>
    startLoop(turn, {
      retryMs: RETRY_MS,
      onError: (error) => logger.warn({ err: error }, what),
    });
  return [
    start(fanOut, 'could not make webhooks of new events'),
    start(remind, 'could not look for webhooks that are due'),
    start(prune, 'could not remove old webhooks'),
  ];
}
