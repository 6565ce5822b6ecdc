/**
 * Keys whose values never reach a log line, at the top level or one level down. Message content (props,
 * html, text) is somebody's private mail, so it is treated like a secret, and so is whom it went to.
 */
export const SECRET_KEYS: ReadonlySet<string> = new Set([
  'adminApiKey',
  'apiKey',
  'authorization',
  'body',
  'cookie',
  'databaseUrl',
  'email',
  'headers',
  'html',
  'metricsToken',
  'pass',
  'password',
  'payload',
  'props',
  'recipient',
  'recipients',
  'redisUrl',
  'secret',
  'secretKey',
  'subject',
  'text',
  'token',
]);

/** What stands in their place. */
export const CENSOR = '[redacted]';

type Facts = Record<string, unknown>;

/**
 * The same facts without secrets. The logger's own way, by paths with wildcards, took longer than all the rest of a line.
 *
 * @param depth levels of objects below this one that are looked into as well
 */
export function redactFacts(facts: Facts, depth = 1): Facts {
  let clean: Facts | null = null;
  for (const key in facts) {
    const value = facts[key];
    const kept = SECRET_KEYS.has(key)
      ? CENSOR
      : depth > 0 && isPlain(value)
        ? redactFacts(value, depth - 1)
        : value;
    if (kept === value) continue;
    // Whoever logs may still need what it logs.
    clean ??= { ...facts };
    clean[key] = kept;
  }
  return clean ?? facts;
}

function isPlain(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Error);
}
