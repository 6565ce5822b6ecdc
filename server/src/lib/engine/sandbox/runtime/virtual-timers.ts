type Timer = { dueMs: number; callback: () => void; everyMs: number | null };

/**
 * A clock of the sandbox's own: nothing waits, the earliest timer is simply next. A template that sleeps a second
 * ends at once and always in the same order, so timers cost neither wall time nor determinism.
 */
export function createVirtualTimers() {
  const timers = new Map<number, Timer>();
  let nowMs = 0;
  let lastId = 0;

  const schedule = (callback: unknown, delayMs: unknown, args: unknown[], isRepeated: boolean): number => {
    if (typeof callback !== 'function') throw new TypeError('The callback of a timer must be a function');
    const waitMs = Math.max(Number(delayMs) || 0, isRepeated ? 1 : 0);
    const run = (): void => {
      Reflect.apply(callback, undefined, args);
    };
    lastId += 1;
    timers.set(lastId, { dueMs: nowMs + waitMs, callback: run, everyMs: isRepeated ? waitMs : null });
    return lastId;
  };

  const clear = (id: unknown): void => {
    if (typeof id === 'number') timers.delete(id);
  };

  const next = (): [number, Timer] | undefined => {
    let earliest: [number, Timer] | undefined;
    // insertion order breaks ties, as it does in a browser
    for (const entry of timers)
      if (earliest === undefined || entry[1].dueMs < earliest[1].dueMs) earliest = entry;
    return earliest;
  };

  return {
    setTimeout: (callback: unknown, delayMs?: unknown, ...args: unknown[]) =>
      schedule(callback, delayMs, args, false),
    setInterval: (callback: unknown, delayMs?: unknown, ...args: unknown[]) =>
      schedule(callback, delayMs, args, true),
    clear,
    /** Forgets every timer, so that nothing of one render runs in the next. */
    reset(): void {
      timers.clear();
      nowMs = 0;
    },
    /** Runs the earliest timer. False when there is none. */
    runNext(): boolean {
      const entry = next();
      if (entry === undefined) return false;
      const [id, timer] = entry;
      nowMs = timer.dueMs;
      if (timer.everyMs === null) timers.delete(id);
      else timer.dueMs = nowMs + timer.everyMs;
      timer.callback();
      return true;
    },
  };
}
