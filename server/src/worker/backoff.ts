import type { RetryPolicy } from '../config.ts';

/** No provider's wish is followed further than this: who asks for a week has probably mixed up its units. */
const MAX_WISH_MS = 6 * 60 * 60_000;

/** What is added to a provider's wish at most, so that those it told the same do not come back together. */
const WISH_JITTER = 0.1;

/**
 * How long to wait after the given attempt (1 for the first): exponential, between half and the whole of the step so
 * that messages which failed together do not come back together.
 *
 * @param random from 0 up to 1
 */
export function backoffMs({
  attempt,
  policy: { baseMs, maxMs },
  random,
}: {
  attempt: number;
  policy: RetryPolicy;
  random: number;
}): number {
  const stepMs = Math.min(baseMs * 2 ** Math.min(attempt - 1, 30), maxMs);
  return Math.round(stepMs / 2 + (stepMs / 2) * random);
}

/** How long to wait where a provider said so itself: never less than it asked for, within reason. */
export function wishedDelayMs({ wishMs, random }: { wishMs: number; random: number }): number {
  return Math.round(Math.min(Math.max(wishMs, 0), MAX_WISH_MS) * (1 + WISH_JITTER * random));
}
