const DOMAIN = 'example.net';

/** A recipient that nobody else has, so that whatever reaches it is from one request. */
export function toRecipient(
  number: number,
  { isRefused, copy = '' }: { isRefused: boolean; copy?: string },
): string {
  return `${isRefused ? 'refuse-' : 'user-'}${number}${copy}@${DOMAIN}`;
}

/** True for those that every provider refuses for good: their messages are meant to fail. */
export function isMarkedForRefusal(recipient: string): boolean {
  return recipient.startsWith('refuse-');
}
