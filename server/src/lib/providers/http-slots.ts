import type { PoolUse } from '../telemetry/metrics.ts';

/** A bound on how many pieces of work are under way at once. */
export type Slots = {
  /** Waits for a free place, in order; false where the signal ended the wait, and then there is nothing to give back. */
  take(signal: AbortSignal): Promise<boolean>;
  giveBack(): void;
  use(): PoolUse;
};

/** @param max how many may be under way at once */
export function createSlots(max: number): Slots {
  let free = max;
  const waiting: ((isTaken: boolean) => void)[] = [];

  function wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const abort = () => {
        waiting.splice(waiting.indexOf(settle), 1);
        resolve(false);
      };
      const settle = (isTaken: boolean) => {
        signal.removeEventListener('abort', abort);
        resolve(isTaken);
      };
      signal.addEventListener('abort', abort, { once: true });
      waiting.push(settle);
    });
  }

  return {
    async take(signal) {
      if (signal.aborted) return false;
      if (free === 0) return wait(signal);
      free -= 1;
      return true;
    },
    use: () => ({ size: max, used: max - free, waiting: waiting.length }),
    giveBack() {
      const next = waiting.shift();
      if (next) next(true);
      else free += 1;
    },
  };
}
