import { createHmac, timingSafeEqual } from 'node:crypto';

export type SvixRefusal = 'signature_missing' | 'stale' | 'bad_signature';

export type SvixOptions = {
  /** `whsec_` and base64, as the provider shows them; each of them is believed, so that one can follow another. */
  secrets: readonly string[];
  now?: () => Date;
};

/** How far from ours the signer's clock may be, and how old a callback: the scheme's own five minutes. */
const TOLERANCE_S = 300;

const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;
const MAX_SIGNATURES = 20;

/** True for text of the shape of such a secret. */
export function isSvixSecret(text: string): boolean {
  return SECRET.test(text);
}

/**
 * Verifies the signature of https://docs.svix.com/receiving/verifying-payloads/how-manual, which is that of Standard
 * Webhooks under other names of headers: HMAC-SHA256 over id, time and the very bytes of the body.
 */
export function createSvixVerifier({ secrets, now = () => new Date() }: SvixOptions) {
  const keys = secrets.map((secret) => Buffer.from(secret.slice('whsec_'.length), 'base64'));
  return {
    /** Null where the signature is genuine and fresh. */
    verify(body: Uint8Array, headers: Headers): SvixRefusal | null {
      const id = headers.get('svix-id');
      const time = headers.get('svix-timestamp');
      const signatures = headers.get('svix-signature');
      if (!id || !time || !signatures || !/^\d{1,12}$/.test(time)) return 'signature_missing';
      if (Math.abs(now().getTime() / 1000 - Number(time)) > TOLERANCE_S) return 'stale';
      const given = signatures
        .split(' ')
        .slice(0, MAX_SIGNATURES)
        .flatMap((part) => (part.startsWith('v1,') ? Buffer.from(part.slice(3), 'base64') : []));
      const right = keys.map((key) =>
        createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest(),
      );
      return given.some((one) => right.some((other) => isEqual(one, other))) ? null : 'bad_signature';
    },
  };
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
