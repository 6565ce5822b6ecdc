/** An object of anything: what JSON of somebody else is until it was looked at. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same, with nothing in it where it was no object. */
export function toRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

const TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d+)?Z$/;

/** Whether it is a time as the service writes it. */
export function isTime(value: unknown): value is string {
  return typeof value === 'string' && TIME.test(value);
}

/** A time of the service as a person reads it, in UTC as it came, to the second. */
export function toShortTime(time: string): string {
  return time.replace(TIME, '$1 $2');
}

/** One field as a person reads it: lists by comma, objects as `key=value`, nothing for null. */
export function toCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return toShortTime(value);
  if (Array.isArray(value)) return value.map(toCell).join(', ');
  if (isRecord(value)) {
    return Object.entries(value)
      .map(([name, member]) => `${name}=${toCell(member)}`)
      .join(' ');
  }
  return String(value);
}
