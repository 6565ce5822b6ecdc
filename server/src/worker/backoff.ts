const MAX_DELAY_MS = 60 * 60_000;

/**
 * How long to wait after the given attempt (1 for the first): exponential, between half and the whole of the step so
 * that messages which failed together do not come back together.
 *
 * @param random from 0 up to 1
 */
export function backoffMs({
  attempt,
  baseMs,
  random,
}: {
  attempt: number;
  baseMs: number;
  random: number;
}): number {
  const stepMs = Math.min(baseMs * 2 ** Math.min(attempt - 1, 30), MAX_DELAY_MS);
  return Math.round(stepMs / 2 + (stepMs / 2) * random);
}
