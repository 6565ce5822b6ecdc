import { createHash } from 'node:crypto';

/**
 * SHA-256 in hex of a JSON value, whatever the order of its keys: a caller that stored its request and sends it again
 * may well have had it reordered on the way.
 */
export function hashRequest(body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(body, sortKeys) ?? '')
    .digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  // Without a prototype, so that a key named __proto__ is a key like any other.
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}
