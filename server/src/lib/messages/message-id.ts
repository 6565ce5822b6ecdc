const MESSAGE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a text in the form of a message's id; whatever else a provider brings back would be refused by the database. */
export function isMessageId(text: string): boolean {
  return MESSAGE_ID.test(text);
}
