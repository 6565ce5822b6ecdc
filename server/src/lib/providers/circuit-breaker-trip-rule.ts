export type TripSettings = {
  /** So many failures without a success between them open the breaker. */
  consecutiveFailures: number;
  /** Over how long the share of failures is taken. */
  windowMs: number;
  /** With fewer calls than this in the window the share says nothing. */
  minimumCalls: number;
  /** This share of failures in the window opens the breaker, in whole percent. */
  failurePercent: number;
};

/** Decides when a provider has failed enough; knows nothing of states. */
export type TripRule = {
  countSuccess(): void;
  /** Counts a failure; says why the breaker has to open, or null. */
  countFailure(): string | null;
  /** Forgets everything. */
  reset(): void;
};

/** The window moves on in steps of a tenth, so that its cost does not grow with the traffic. */
const SLICES = 10;

type Slice = { number: number; calls: number; failures: number };

/** Trips on failures in a row, or on their share of the calls in a sliding window. */
export function createTripRule(settings: TripSettings, nowMs: () => number): TripRule {
  const sliceMs = Math.max(Math.ceil(settings.windowMs / SLICES), 1);
  let slices = new Map<number, Slice>();
  let inARow = 0;

  function count(isFailure: boolean): number {
    const number = Math.floor(nowMs() / sliceMs);
    const place = number % SLICES;
    let slice = slices.get(place);
    if (slice?.number !== number) {
      slice = { number, calls: 0, failures: 0 };
      slices.set(place, slice);
    }
    slice.calls += 1;
    if (isFailure) slice.failures += 1;
    return number;
  }

  function judgeShare(current: number): string | null {
    let calls = 0;
    let failures = 0;
    for (const slice of slices.values()) {
      if (slice.number <= current - SLICES) continue;
      calls += slice.calls;
      failures += slice.failures;
    }
    if (calls < settings.minimumCalls) return null;
    if (failures * 100 < settings.failurePercent * calls) return null;
    return `${failures} of ${calls} calls failed within ${settings.windowMs} ms`;
  }

  return {
    countSuccess() {
      inARow = 0;
      count(false);
    },
    countFailure() {
      inARow += 1;
      const current = count(true);
      if (inARow >= settings.consecutiveFailures) return `${inARow} failures in a row`;
      return judgeShare(current);
    },
    reset() {
      inARow = 0;
      slices = new Map();
    },
  };
}
