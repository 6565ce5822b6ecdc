import { type BreakerRecordKind, recordBreakerChange } from '../lib/db/breaker-changes.ts';
import type { Database } from '../lib/db/database.ts';
import type { BreakerChange } from '../lib/providers/circuit-breaker.ts';
import { settlesWithin } from '../lib/time-limit.ts';
import type { Logger } from '../lib/telemetry/logger.ts';

export type BreakerRecorder = {
  /** Never throws: an outage of a provider is no reason to fail, and the log has it. */
  record(provider: string, change: BreakerChange): void;
  /** Waits for what is being written. */
  stop(): Promise<void>;
};

const STOP_TIMEOUT_MS = 2000;

/** Keeps what becomes of this worker's breakers, for whoever asks later when a provider was out of order. */
export function createBreakerRecorder({
  database,
  logger,
  worker,
}: {
  database: Database;
  logger: Logger;
  worker: string;
}): BreakerRecorder {
  const writing = new Set<Promise<unknown>>();

  const write = async (provider: string, kind: BreakerRecordKind, reason: string) => {
    const work = recordBreakerChange(database, { provider, kind, reason, worker });
    writing.add(work);
    try {
      await work;
    } catch (error) {
      logger.warn({ err: error, provider, kind }, 'a change of a circuit breaker is in the log alone');
    } finally {
      writing.delete(work);
    }
  };

  return {
    record(provider, change) {
      const kind = toRecordKind(change);
      if (kind !== null) void write(provider, kind, change.reason);
    },
    async stop() {
      await settlesWithin(STOP_TIMEOUT_MS, Promise.allSettled(writing));
    },
  };
}

/** What another worker told is its to record. */
function toRecordKind({ from, to, isRemote }: BreakerChange): BreakerRecordKind | null {
  if (isRemote) return null;
  if (to.kind !== 'open') return to.kind;
  return from.kind === 'half_open' ? 'probe_failed' : 'opened';
}
