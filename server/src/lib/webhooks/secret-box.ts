import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Keeps secrets that must be read again, each bound to the row it belongs to. */
export type SecretBox = {
  seal(secret: string, owner: string): string;
  /** @throws Error where it was sealed with another key, or for another owner */
  open(sealed: string, owner: string): string;
};

const SEALED = 'v1.';
const PLAIN = 'plain.';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * With a key: AES-256-GCM, where the owner's id is authenticated too, so that a sealed secret copied to another row does not open. Without
 * one secrets are kept as they are, and still open once there is a key.
 */
export function createSecretBox(secretKey: string | null): SecretBox {
  const key =
    secretKey === null ? null : Buffer.from(hkdfSync('sha256', secretKey, '', 'webhook secrets', 32));
  return {
    seal(secret, owner) {
      return key === null ? PLAIN + secret : seal(key, secret, owner);
    },
    open(sealed, owner) {
      if (sealed.startsWith(PLAIN)) return sealed.slice(PLAIN.length);
      if (key === null) throw new Error('a webhook secret was sealed with SECRET_KEY, which is not set');
      return open(key, sealed, owner);
    },
  };
}

function seal(key: Buffer, secret: string, owner: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(owner));
  const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return SEALED + Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url');
}

function open(key: Buffer, sealed: string, owner: string): string {
  const bytes = Buffer.from(sealed.slice(SEALED.length), 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES));
  decipher.setAAD(Buffer.from(owner));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([
      decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)),
      decipher.final(),
    ]).toString();
  } catch (cause) {
    throw new Error('a webhook secret does not open: SECRET_KEY is not the one that sealed it', { cause });
  }
}
