const MESSAGE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a text in the form of a message's id; whatever else a provider brings back would be refused by the database. */
export function isMessageId(text: string): boolean {
  return MESSAGE_ID.test(text);
}

/** The lowest id of version 7 that can have been made at a time, or later: ids begin with their time. */
export function lowestIdAt(timeMs: number): string {
  const hex = Math.max(Math.floor(timeMs), 0).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
