const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const EXACT_TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const DAY = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Today the time, before that the day. */
export function toShortTime(iso: string): string {
  const date = new Date(iso);
  return isToday(date) ? TIME.format(date) : DAY.format(date);
}

/** Day and minute, for what is to come. */
export function toDayAndTime(iso: string): string {
  const date = new Date(iso);
  return `${DAY.format(date)}, ${TIME.format(date)}`;
}

/** To the second, with the day where that is not today. */
export function toExactTime(iso: string): string {
  const date = new Date(iso);
  return isToday(date) ? EXACT_TIME.format(date) : FULL.format(date);
}

/** All of it. */
export function toFullTime(iso: string): string {
  return FULL.format(new Date(iso));
}

/** What passed between two times, for people. */
export function toDuration(fromIso: string, toIso: string): string {
  const ms = Date.parse(toIso) - Date.parse(fromIso);
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

export function toSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(bytes < 10_240 ? 1 : 0)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function isToday(date: Date): boolean {
  return date.toDateString() === new Date().toDateString();
}
