import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

export const SCOPES = ['send', 'read', 'templates', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export const KEY_MODES = ['live', 'test'] as const;
export type KeyMode = (typeof KEY_MODES)[number];

export type ParsedApiKey = { mode: KeyMode; prefix: string; secret: string };

/** A new key: `text` is shown once to its owner, the rest is what may be stored. */
export type NewApiKey = { text: string; mode: KeyMode; prefix: string; secretHash: string };

/** Of a key's name, in characters. */
export const MAX_KEY_NAME = 100;

/** How long a rotated key may go on beside its successor. */
export const MAX_OVERLAP_S = 30 * 86_400;

const KEY_PATTERN = /^mk_(live|test)_([a-z0-9]{8})_([A-Za-z0-9-]{43})$/;
const PREFIX_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Splits `mk_<mode>_<prefix>_<secret>`; null for anything else. */
export function parseApiKey(text: string): ParsedApiKey | null {
  const match = KEY_PATTERN.exec(text);
  if (!match) return null;
  const [, mode, prefix, secret] = match;
  if ((mode !== 'live' && mode !== 'test') || prefix === undefined || secret === undefined) return null;
  return { mode, prefix, secret };
}

/** True for text of the shape of a key. */
export function isApiKey(text: string): boolean {
  return parseApiKey(text) !== null;
}

/** True for a key that was revoked or has expired. */
export function isOver(key: { expiresAt: Date | null; revokedAt: Date | null }, at: Date): boolean {
  return key.revokedAt !== null || (key.expiresAt !== null && key.expiresAt <= at);
}

/** Makes a key with a 256-bit secret. */
export function createApiKey(mode: KeyMode): NewApiKey {
  const prefix = Array.from(randomBytes(8), (byte) => PREFIX_ALPHABET[byte % PREFIX_ALPHABET.length]).join(
    '',
  );
  // base64url without its underscore, which is the separator of the key's parts.
  const secret = randomBytes(32).toString('base64url').replaceAll('_', '-');
  return { text: `mk_${mode}_${prefix}_${secret}`, mode, prefix, secretHash: hashSecret(secret) };
}

/**
 * SHA-256 in hex. A slow password hash would protect a guessable secret; 256 random bits need none, and it
 * would block the event loop on every request.
 */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** Compares a secret with a stored hash in constant time. */
export function isSecretOf(secretHash: string, secret: string): boolean {
  const actual = Buffer.from(hashSecret(secret), 'hex');
  const expected = Buffer.from(secretHash, 'hex');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
