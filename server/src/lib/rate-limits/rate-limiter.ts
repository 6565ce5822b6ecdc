import { decideRate, type RateDecision } from './gcra.ts';

/** One use of an allowance. */
export type RateUse = {
  /** Whose allowance. */
  key: string;
  /** Units a minute. */
  limit: number;
  /** How many units this uses. */
  cost: number;
};

/** Allowances by key, a minute long. */
export type RateLimiter = {
  /** Uses up units, or refuses and uses none. */
  take(use: RateUse): Promise<Omit<RateDecision, 'fullAtMs'>>;
};

const MAX_KEYS = 100_000;

/** An allowance that this process alone knows of. Forgets callers whose allowance is whole again. */
export function createMemoryRateLimiter({ nowMs }: { nowMs: () => number }): RateLimiter {
  const fullAt = new Map<string, number>();
  const forgetIdle = (now: number) => {
    for (const [key, fullAtMs] of fullAt) if (fullAtMs <= now) fullAt.delete(key);
  };
  return {
    async take({ key, limit, cost }) {
      const now = nowMs();
      if (fullAt.size >= MAX_KEYS) forgetIdle(now);
      const { fullAtMs, ...decision } = decideRate(
        { fullAtMs: fullAt.get(key) ?? null },
        { limit, cost, nowMs: now },
      );
      fullAt.set(key, fullAtMs);
      return decision;
    },
  };
}
