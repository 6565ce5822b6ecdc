/** A time as the API takes it. */
export function toIsoTime(time: string | Date): string {
  return typeof time === 'string' ? time : time.toISOString();
}
