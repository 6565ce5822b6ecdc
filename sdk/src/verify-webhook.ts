import { MailError } from './mail-error.ts';

/** Headers as any framework has them: `Headers`, or an object with names in any case. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** When a webhook was signed may differ from now by this much, in seconds. */
export type VerifyOptions = {
  /** Default 300. */
  toleranceS?: number;
  /** The current time in milliseconds. Default `Date.now()`. */
  nowMs?: number;
};

/** What a webhook says: what happened, when, and to what. docs/webhooks.md of the service has every type. */
export type WebhookEvent = { type: string; timestamp: string; data: Record<string, unknown> };

const SECRET_PREFIX = 'whsec_';
const DEFAULT_TOLERANCE_S = 300;

/**
 * Checks that a webhook comes from the service and returns what it says. Pass the body as it arrived: parsed and written again it is
 * another body. Several secrets are tried in turn, for the time in which one replaces another. (Standard Webhooks 1.0.)
 *
 * @throws MailError `webhook_invalid` where it is forged, damaged, or signed too long ago
 *
 * @example
 * const event = await verifyWebhook(await request.text(), request.headers, secret);
 * console.log(event.type);
 */
export async function verifyWebhook(
  rawBody: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  { toleranceS = DEFAULT_TOLERANCE_S, nowMs = Date.now() }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const id = readHeader(headers, 'webhook-id');
  const timestamp = readHeader(headers, 'webhook-timestamp');
  const signatures = readHeader(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp)) throw invalid('webhook-timestamp is no time.');
  if (Math.abs(nowMs / 1000 - Number(timestamp)) > toleranceS) {
    throw invalid(`It was signed more than ${toleranceS} s from now.`);
  }
  // As bytes: decoding would change a body that is not quite UTF-8.
  const body = typeof rawBody === 'string' ? new TextEncoder().encode(rawBody) : new Uint8Array(rawBody);
  const signed = join(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const secrets = typeof secret === 'string' ? [secret] : secret;
  for (const candidate of secrets) {
    if (await isSigned(signed, signatures, candidate)) return toEvent(body);
  }
  throw invalid('No signature fits.');
}

async function isSigned(
  signed: Uint8Array<ArrayBuffer>,
  signatures: string,
  secret: string,
): Promise<boolean> {
  const bytes = fromBase64(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret);
  if (bytes === null || bytes.length === 0) {
    throw new MailError({
      code: 'invalid_argument',
      message: 'The secret is not one of a webhook endpoint.',
    });
  }
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'verify',
  ]);
  for (const entry of signatures.split(' ')) {
    const [version, encoded = ''] = entry.split(',');
    const signature = version === 'v1' ? fromBase64(encoded) : null;
    // `verify` compares in constant time.
    if (signature && (await crypto.subtle.verify('HMAC', key, signature, signed))) return true;
  }
  return false;
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function readHeader(headers: WebhookHeaders, name: string): string {
  const value = isHeaders(headers)
    ? headers.get(name)
    : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(`There is no ${name}.`);
}

function isHeaders(headers: WebhookHeaders): headers is Headers {
  return typeof headers.get === 'function';
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

function toEvent(body: Uint8Array): WebhookEvent {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    // Signed and yet no JSON: told below with what is JSON and yet no event.
  }
  if (isEvent(value)) return value;
  throw invalid('It is signed, but says nothing that is known.');
}

function isEvent(value: unknown): value is WebhookEvent {
  if (typeof value !== 'object' || value === null) return false;
  if (!('type' in value && 'timestamp' in value && 'data' in value)) return false;
  const { type, timestamp, data } = value;
  return (
    typeof type === 'string' && typeof timestamp === 'string' && typeof data === 'object' && data !== null
  );
}

function invalid(message: string): MailError {
  return new MailError({ code: 'webhook_invalid', message: `The webhook is not accepted: ${message}` });
}
