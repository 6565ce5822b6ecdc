const DAY_MS = 86_400_000;

/**
 * Reads a Retry-After header (RFC 9110 section 10.2.3: seconds, or a date) into milliseconds from `now`. Null where it
 * is missing or makes no sense; a day at most, so that a provider's mistake does not park mail for a year.
 */
export function parseRetryAfter(value: string | null, now: Date): number | null {
  if (value === null) return null;
  const text = value.trim();
  // A date is always in GMT there; Date.parse alone would take "-5" for a month.
  const date = text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : date - now.getTime();
  return Number.isNaN(ms) ? null : Math.ceil(Math.min(Math.max(ms, 0), DAY_MS));
}
