/**
 * The generic cell rate algorithm (ITU-T I.371, the "virtual scheduling" form): all it keeps of a caller is the time at
 * which its allowance would be whole again. An idle caller may use a whole minute's allowance at once; after that it comes back evenly.
 */
export type RateState = {
  /** When the allowance is whole again, in ms; null for a caller that was never seen. */
  fullAtMs: number | null;
};

export type RateDecision = {
  isAllowed: boolean;
  /** What can be used at once after this. */
  remaining: number;
  /** How long until the allowance is whole again. */
  resetMs: number;
  /** How long to wait before the same can be asked for with success; 0 where it was allowed. */
  retryAfterMs: number;
  /** What to keep. */
  fullAtMs: number;
};

const PERIOD_MS = 60_000;

/** Decides on `cost` units at `nowMs` under `limit` units a minute. A refusal uses nothing up. */
export function decideRate(
  { fullAtMs }: RateState,
  { limit, cost, nowMs }: { limit: number; cost: number; nowMs: number },
): RateDecision {
  const intervalMs = PERIOD_MS / limit;
  const before = Math.max(fullAtMs ?? nowMs, nowMs);
  const after = before + cost * intervalMs;
  const overMs = after - nowMs - PERIOD_MS;
  // Sums of fractions of a millisecond drift; a thousandth of one decides nothing.
  const isAllowed = overMs <= 0.001;
  const kept = isAllowed ? after : before;
  return {
    isAllowed,
    remaining: Math.floor((PERIOD_MS - (kept - nowMs)) / intervalMs + 0.000_001),
    resetMs: kept - nowMs,
    retryAfterMs: isAllowed ? 0 : overMs,
    fullAtMs: kept,
  };
}
