import type { ProcessUsage } from './process-usage.ts';

export type KillReason =
  | 'cpu'
  | 'wall'
  | 'memory'
  /** All sandboxes together hold too much, and this one the most. */
  | 'memory_together'
  | 'output'
  | 'unresponsive';

export type WatchLimits = { cpuMs: number; wallMs: number; hardWallMs: number; maxRssBytes: number };

export type WatchedRender = {
  pid: number;
  limits: WatchLimits;
  /** Called at most once. */
  onBreach(reason: KillReason): void;
};

export type LimitWatch = {
  /** Watches a render that has begun; the returned function ends the watch. */
  watch(render: WatchedRender): () => void;
};

export type LimitWatchOptions = {
  readUsage: (pid: number) => ProcessUsage;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Calls back every `intervalMs` until the returned function is called. */
  startTicker: (tick: () => void, intervalMs: number) => () => void;
  intervalMs?: number;
};

type Watched = WatchedRender & { startedAt: number; first: ProcessUsage | null; isLate: boolean };

/**
 * Watches renders from outside, where no template can interfere. The ticker runs only while something is watched,
 * and a render shorter than one tick costs nothing: usage is first read at a render's first tick, which errs by at
 * most that tick, in the render's favour.
 */
export function createLimitWatch({
  readUsage,
  now,
  startTicker,
  intervalMs = 20,
}: LimitWatchOptions): LimitWatch {
  const watched = new Set<Watched>();
  let stopTicker: (() => void) | null = null;

  const unwatch = (render: Watched): void => {
    watched.delete(render);
    if (watched.size > 0 || stopTicker === null) return;
    stopTicker();
    stopTicker = null;
  };

  const tick = (): void => {
    for (const render of watched) {
      const usage = readUsage(render.pid);
      render.first ??= usage;
      const reason = findBreach(render, render.first, usage, now() - render.startedAt);
      if (reason === null) continue;
      // Time alone is confirmed by a second tick: if it was this process that stalled, the answer may lie unread in
      // the pipe. What the sandbox has used is a fact at once.
      const isConfirmed = reason !== 'wall' || render.isLate;
      render.isLate = true;
      if (!isConfirmed) continue;
      unwatch(render);
      render.onBreach(reason);
    }
  };

  return {
    watch(render) {
      const entry: Watched = { ...render, startedAt: now(), first: null, isLate: false };
      watched.add(entry);
      stopTicker ??= startTicker(tick, intervalMs);
      return () => unwatch(entry);
    },
  };
}

function findBreach(
  { limits }: Watched,
  first: ProcessUsage,
  usage: ProcessUsage,
  elapsedMs: number,
): KillReason | null {
  if (usage.rssBytes !== null && usage.rssBytes > limits.maxRssBytes) return 'memory';
  if (usage.cpuMs !== null && first.cpuMs !== null && usage.cpuMs - first.cpuMs > limits.cpuMs) return 'cpu';
  if (elapsedMs > limits.hardWallMs) return 'wall';
  const waitedMs = usage.waitedForCpuMs - first.waitedForCpuMs;
  return elapsedMs - waitedMs > limits.wallMs ? 'wall' : null;
}
