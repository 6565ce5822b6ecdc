import type { BlobStore } from '../lib/blobs/blob-store.ts';
import { sweepOrphans } from '../lib/blobs/orphans.ts';
import type { Database } from '../lib/db/database.ts';
import { holdLease, releaseLease } from '../lib/db/leases.ts';
import { startLoop } from '../lib/loop.ts';
import type { Logger } from '../lib/telemetry/logger.ts';

export type BlobSweepOptions = {
  database: Database;
  blobs: BlobStore;
  logger: Logger;
  now?: () => Date;
};

const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 3_600_000;
const PAGE = 500;

/** Sweeps blob storage of what belongs to no message; once a day, whichever instance comes first. */
export function startBlobSweep(options: BlobSweepOptions): { stop(): Promise<void> } {
  const { database, logger, now = () => new Date() } = options;
  let isStopped = false;

  const sweep = async (): Promise<boolean> => {
    let removed = 0;
    const order = { before: new Date(now().getTime() - DAY_MS), limit: PAGE };
    for await (const count of sweepOrphans(options, order)) {
      removed += count;
      if (isStopped) break;
    }
    if (removed > 0) logger.info({ removed }, 'blobs that belong to no message were removed');
    return !isStopped;
  };

  const turn = async (): Promise<number> => {
    // Never given back after a whole sweep: it is what keeps others, and us, from another one on the same day.
    const lease = { name: 'blob-sweep', holder: Bun.randomUUIDv7() };
    if (!(await holdLease(database, lease, DAY_MS))) return LOOK_EVERY_MS;
    let isDone = false;
    try {
      isDone = await sweep();
    } finally {
      if (!isDone) await releaseLease(database, lease);
    }
    return LOOK_EVERY_MS;
  };

  const loop = startLoop(turn, {
    retryMs: LOOK_EVERY_MS,
    onError: (error) => logger.warn({ err: error }, 'could not sweep blob storage'),
  });
  return {
    async stop() {
      isStopped = true;
      await loop.stop();
    },
  };
}
