/** Decides which of many alike lines are written. */
export type LogSampler = {
  /** How many alike lines were left out before this one, which is written; null where it is left out as well. */
  take(kind: string): number | null;
};

const WINDOW_MS = 1000;
/** Beyond the burst every hundredth is written, so that what goes on is seen to go on. */
const EVERY = 100;
/** Kinds are texts of the code with a few states: more of them would be a mistake, and must not cost memory without end. */
const MAX_KINDS = 1000;

type Kind = { windowStart: number; seen: number; leftOut: number };

/**
 * The first `burst` lines of a kind in a second are written, then every hundredth; the next that is written tells how many were
 * not. 0 writes all.
 *
 * @param now in ms, monotonic
 */
export function createLogSampler({ burst, now }: { burst: number; now: () => number }): LogSampler {
  const kinds = new Map<string, Kind>();

  const find = (name: string): Kind | null => {
    const known = kinds.get(name);
    if (known) return known;
    if (kinds.size >= MAX_KINDS) return null;
    const kind = { windowStart: now(), seen: 0, leftOut: 0 };
    kinds.set(name, kind);
    return kind;
  };

  return {
    take(name) {
      const kind = burst === 0 ? null : find(name);
      if (kind === null) return 0;
      const at = now();
      if (at - kind.windowStart >= WINDOW_MS) Object.assign(kind, { windowStart: at, seen: 0 });
      kind.seen += 1;
      if (kind.seen > burst && (kind.seen - burst) % EVERY !== 0) {
        kind.leftOut += 1;
        return null;
      }
      const { leftOut } = kind;
      kind.leftOut = 0;
      return leftOut;
    },
  };
}
