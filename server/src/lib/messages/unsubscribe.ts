import { timingSafeEqual } from 'node:crypto';

/** What a one-click link names: a message, and the proof that whoever clicks has received it. */
export type UnsubscribeToken = { messageId: string; secret: string };

const ID_BYTES = 16;
const SECRET_BYTES = 16;

/** 128 random bits in base64url, from 16 random bytes. */
export function createUnsubscribeSecret(randomBytes: (size: number) => Buffer): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** The address of a message's one-click unsubscribe link (RFC 8058). */
export function unsubscribeUrl({ publicUrl, ...token }: UnsubscribeToken & { publicUrl: string }): string {
  const id = Buffer.from(token.messageId.replaceAll('-', ''), 'hex');
  const bytes = Buffer.concat([id, Buffer.from(token.secret, 'base64url')]);
  return `${publicUrl.replace(/\/+$/, '')}/u/${bytes.toString('base64url')}`;
}

/** Reads the last part of {@link unsubscribeUrl}; null for anything else. */
export function parseUnsubscribeToken(text: string): UnsubscribeToken | null {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== ID_BYTES + SECRET_BYTES || bytes.toString('base64url') !== text) return null;
  const hex = bytes.subarray(0, ID_BYTES).toString('hex');
  const messageId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { messageId, secret: bytes.subarray(ID_BYTES).toString('base64url') };
}

/** Compares in constant time. */
export function isUnsubscribeSecret(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
