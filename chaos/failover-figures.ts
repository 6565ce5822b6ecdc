import type { Evidence } from './evidence.ts';
import type { ChaosProvider } from './provider.ts';

/** What an outage of the first provider cost, and how it was met when it came back. */
export type FailoverFigures = {
  /** Messages that failed because of it. */
  failed: number;
  /** From the moment the primary was gone to the first mail that the backup had; null where it never had one. */
  firstOnBackupMs: number | null;
  /** Attempts beyond one a message. */
  extraAttempts: number;
  /** Tries within an attempt that the primary could not take, so that the backup got the message. */
  failovers: number;
  /** From the primary's return to the first mail it had again; null where it never had one. */
  firstOnPrimaryAgainMs: number | null;
  /** Most connections open at the primary at once: before the outage and after it. */
  connectionsBefore: number;
  connectionsAfter: number;
  /** Most mails that reached the primary within any half second: before, and after its return. */
  peakBefore: number;
  peakAfter: number;
  /** Mails at the primary in each of the first seconds after it had its first again. */
  recovery: readonly number[];
};

const PEAK_WINDOW_MS = 500;
const RECOVERY_SECONDS = 10;

type Measuring = {
  evidence: Evidence;
  primary: Pick<ChaosProvider, 'name' | 'visits' | 'mostOpen'>;
  backup: Pick<ChaosProvider, 'visits'>;
  connectionsBefore: number;
  failovers: number;
};

/** Reads the figures out of what the providers saw around the one outage of the run. */
export function measureFailover({
  evidence,
  primary,
  backup,
  connectionsBefore,
  failovers,
}: Measuring): FailoverFigures {
  const outage = evidence.incidents.find(({ blow }) => blow === 'provider down');
  if (!outage || outage.endedAt === null) throw new RangeError('the run had no outage that ended');
  const { at: downAt, endedAt: backAt } = outage;
  const states = [...evidence.states.values()];
  const stored = (provider: Pick<ChaosProvider, 'visits'>) =>
    provider.visits.filter(({ isStored }) => isStored).map(({ at }) => at);
  const before = stored(primary).filter((at) => at < downAt);
  const after = stored(primary).filter((at) => at >= backAt);
  const firstOnBackup = stored(backup).find((at) => at >= downAt);
  const [firstAgain] = after;
  return {
    failed: states.filter(({ status }) => status === 'failed').length,
    firstOnBackupMs: firstOnBackup === undefined ? null : firstOnBackup - downAt,
    extraAttempts: states.reduce((sum, { attempts }) => sum + Math.max(attempts - 1, 0), 0),
    failovers,
    firstOnPrimaryAgainMs: firstAgain === undefined ? null : firstAgain - backAt,
    connectionsBefore,
    connectionsAfter: primary.mostOpen(),
    peakBefore: peakOf(before),
    peakAfter: peakOf(after),
    recovery: firstAgain === undefined ? [] : countPerSecond(after, firstAgain),
  };
}

/** The most times that fall into any window of half a second. */
export function peakOf(times: readonly number[]): number {
  let first = 0;
  let peak = 0;
  for (const [last, time] of times.entries()) {
    while (time - (times[first] ?? time) >= PEAK_WINDOW_MS) first += 1;
    peak = Math.max(peak, last - first + 1);
  }
  return peak;
}

function countPerSecond(times: readonly number[], from: number): number[] {
  return Array.from(
    { length: RECOVERY_SECONDS },
    (_, second) => times.filter((time) => Math.floor((time - from) / 1000) === second).length,
  );
}
