import { createHash, timingSafeEqual } from 'node:crypto';
import { type CallbackAdapter, parseFacts } from './callback.ts';
import { toPostmarkEvent } from './postmark-events.ts';

/** Postmark signs nothing: it sends whatever custom header, or user and password, its webhook was given. */
const SECRET_HEADER = 'x-webhook-secret';

/**
 * Believes callbacks that carry one of the secrets, as the header `X-Webhook-Secret` or as the password of HTTP basic
 * authentication, whose user may be any. A repeated callback is harmless, because each of its events has an id.
 */
export function createPostmarkCallback({ secrets }: { secrets: readonly string[] }): CallbackAdapter {
  const digests = secrets.map(toDigest);
  return {
    kind: 'postmark',
    isLike: (headers) => headers.has(SECRET_HEADER) || headers.has('authorization'),
    read({ body, headers }, { provider }) {
      const presented = presentedSecret(headers);
      if (presented === null) return { kind: 'refused', code: 'secret_missing' };
      if (!isOneOf(digests, presented)) return { kind: 'refused', code: 'wrong_secret' };
      const facts = parseFacts(body);
      if (!facts) return { kind: 'genuine', events: [], note: 'malformed' };
      return { kind: 'genuine', events: facts.flatMap((fact) => toPostmarkEvent(fact, { provider }) ?? []) };
    },
  };
}

function presentedSecret(headers: Headers): string | null {
  const own = headers.get(SECRET_HEADER);
  if (own !== null) return own;
  const basic = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (basic === undefined) return null;
  const decoded = Buffer.from(basic, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? null : decoded.slice(colon + 1);
}

function toDigest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Digests are of one length, and all are compared: the time taken tells nothing. */
function isOneOf(digests: readonly Buffer[], secret: string): boolean {
  const presented = toDigest(secret);
  return digests.map((digest) => timingSafeEqual(digest, presented)).includes(true);
}
