import { isConnectionError } from '../lib/db/connection-error.ts';
import type { Db } from '../lib/db/database.ts';
import { pruneIdempotencyKeys } from '../lib/db/idempotency.ts';
import type { Logger } from '../lib/telemetry/logger.ts';

const INTERVAL_MS = 60_000;
const BATCH = 1000;
/** A turn ends after this many batches, so that it never keeps the database busy for long. */
const BATCHES_PER_TURN = 20;

/** Removes idempotency keys whose time is over, a few at a time; every instance may, none gets in another's way. */
export function startPruner({ db, logger }: { db: Db; logger: Logger }): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;
  const turn = async () => {
    try {
      for (let batch = 0; batch < BATCHES_PER_TURN && !isStopped; batch++) {
        if ((await pruneIdempotencyKeys(db, BATCH)) < BATCH) return;
      }
    } catch (error) {
      if (!isConnectionError(error)) logger.warn({ err: error }, 'could not prune idempotency keys');
    }
  };
  const timer = setInterval(() => (running = turn()), INTERVAL_MS);
  timer.unref();
  return {
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
