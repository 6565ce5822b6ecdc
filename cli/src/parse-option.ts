import { CommandError } from './command-error.ts';

/** @throws CommandError `usage` where the text is no whole number within the bounds */
export function parseWhole(
  text: string,
  name: string,
  { minimum = 1, maximum = 2_000_000_000 }: { minimum?: number; maximum?: number } = {},
): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  throw new CommandError(
    'usage',
    `${name} needs a whole number from ${minimum} to ${maximum}, not "${text}".`,
  );
}

/** `name=value` pairs as an object. @throws CommandError `usage` */
export function parsePairs(
  pairs: readonly string[] | undefined,
  name: string,
): Record<string, string> | undefined {
  if (!pairs) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new CommandError('usage', `${name} needs name=value, not "${pair}".`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time as the service takes it, from one such or from `30m`, `2h`, `1d` from now. @throws CommandError `usage` */
export function parseTime(text: string, name: string, now: () => number = Date.now): string {
  const relative = /^\+?(\d{1,6})([smhd])$/.exec(text);
  const unitMs = UNITS_MS[relative?.[2] ?? ''];
  if (relative && unitMs) return new Date(now() + Number(relative[1]) * unitMs).toISOString();
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new CommandError(
    'usage',
    `${name} needs a time such as 2026-12-24T08:00:00Z, or 30m, 2h, 1d from now; not "${text}".`,
  );
}

/** The same into the past: `2h` is two hours ago. @throws CommandError `usage` */
export function parsePast(text: string, name: string, now: () => number = Date.now): string {
  const relative = /^-?(\d{1,6})([smhd])$/.exec(text);
  const unitMs = UNITS_MS[relative?.[2] ?? ''];
  if (relative && unitMs) return new Date(now() - Number(relative[1]) * unitMs).toISOString();
  return parseTime(text, name, now);
}

const DURATION_HINT = 'a duration such as 30s, 5m or 1h';

/** A duration in milliseconds. @throws CommandError `usage` */
export function parseDurationMs(text: string, name: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit ?? ''];
  if (amount && unitMs) return Number(amount) * unitMs;
  throw new CommandError('usage', `${name} needs ${DURATION_HINT}, not "${text}".`);
}

/** The same without what is undefined. */
export type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** What is not undefined. */
export function definedOnly<T extends object>(values: T): Defined<T> {
  // Built entry by entry, which no mapped type can follow.
  return Object.fromEntries(
    Object.entries(values).filter(([, value]: [string, unknown]) => value !== undefined),
  ) as Defined<T>;
}

/** A trace id as logs show it, from itself or from a `traceparent` (W3C Trace Context). @throws CommandError `usage` */
export function parseTrace(text: string): string {
  const [, traceId] =
    /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/.exec(text.toLowerCase()) ?? [];
  if (traceId !== undefined) return traceId;
  throw new CommandError('usage', `--trace needs the 32 hexadecimal digits of a trace, not "${text}".`);
}
