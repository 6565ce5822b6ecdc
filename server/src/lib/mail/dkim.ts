import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { parseDomain } from './address.ts';

/** Signs composed messages for one domain. */
export type DkimSigner = {
  /** Returns the message with a `DKIM-Signature` before its other fields. The same message gives the same bytes. */
  sign(mime: Uint8Array): Promise<Uint8Array>;
};

export type DkimOptions = {
  /** Whose mail it is: `d=`, which DMARC compares with the domain in From. */
  domain: string;
  /** Names the public key, a TXT record at `<selector>._domainkey.<domain>`. */
  selector: string;
  /** PEM, PKCS #1 or PKCS #8, not encrypted. */
  privateKey: string;
};

/** What a reader sees or a mail client acts on (RFC 6376 section 5.4.1, RFC 8058 section 4), where it is there. */
const SIGNED_FIELDS = [
  'From',
  'To',
  'Cc',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'In-Reply-To',
  'References',
  'MIME-Version',
  'Content-Type',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
];

// RFC 8301 section 3.2: verifiers take 1024 to 4096 bits, and must not take fewer.
const MIN_KEY_BITS = 1024;
const MAX_KEY_BITS = 4096;
const MAX_LINE_LENGTH = 76;

/**
 * Creates a signer with rsa-sha256 and relaxed canonicalization (RFC 6376). RSA alone: half of the receivers do not know
 * ed25519, and mail that nobody can verify counts as unsigned. From is signed once more than it occurs, so that a second
 * one added on the way breaks the signature.
 *
 * @throws TypeError, saying what is wrong, where the domain, the selector or the key cannot be used
 */
export function createDkimSigner({ domain, selector, privateKey }: DkimOptions): DkimSigner {
  const signingDomain = parseDomain(domain);
  if (signingDomain === null) throw new TypeError(`DKIM: ${JSON.stringify(domain)} is not a domain`);
  const name = parseDomain(selector);
  if (name === null) throw new TypeError(`DKIM: ${JSON.stringify(selector)} is not a selector`);
  const key = readPrivateKey(privateKey);
  return {
    async sign(mime) {
      const message = Buffer.from(mime.buffer, mime.byteOffset, mime.byteLength);
      const { fields, body } = splitMessage(message);
      const signed = selectFields(fields);
      const unsigned = toSignatureField({
        domain: signingDomain,
        selector: name,
        names: signed.map((field) => field.name),
        bodyHash: createHash('sha256').update(canonicalizeBody(body)).digest('base64'),
      });
      const data = [...signed.flatMap(({ line }) => line ?? []), canonicalizeField(unsigned)].join('\r\n');
      const signature = await signRsa(Buffer.from(data, 'latin1'), key);
      const field = `${unsigned}${foldBase64(signature.toString('base64'))}\r\n`;
      return Buffer.concat([Buffer.from(field, 'latin1'), message]);
    },
  };
}

function readPrivateKey(pem: string): KeyObject {
  const key = parseKey(pem);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type !== 'rsa') throw new TypeError(`DKIM: the private key must be an RSA key, not ${type}`);
  const bits = details?.modulusLength ?? 0;
  if (bits < MIN_KEY_BITS || bits > MAX_KEY_BITS) {
    throw new TypeError(
      `DKIM: the private key must have ${MIN_KEY_BITS} to ${MAX_KEY_BITS} bits (2048 is usual), not ${bits}`,
    );
  }
  return key;
}

function parseKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // Without the cause: it is an OpenSSL code that says nothing, and nothing of a key belongs in a log.
    throw new TypeError('DKIM: the private key cannot be read; it must be an RSA key in PEM, not encrypted');
  }
}

/** On the thread pool: half a millisecond of every message would stop everything else in the process. */
function signRsa(data: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', data, key, (error, signature) => (error ? reject(error) : resolve(signature)));
  });
}

function splitMessage(message: Buffer): { fields: string[]; body: Buffer } {
  const end = message.indexOf('\r\n\r\n');
  if (end === -1) throw new TypeError('DKIM: the message has no end of its header');
  // Latin 1 keeps every byte, whatever it was.
  const fields = message.toString('latin1', 0, end).split(/\r\n(?![ \t])/);
  return { fields, body: message.subarray(end + 4) };
}

/** Names for `h=` with the canonical field that each stands for; null where the message has no more of the name. */
type SignedField = { name: string; line: string | null };

function selectFields(fields: readonly string[]): SignedField[] {
  // RFC 6376 section 5.4.2: a verifier takes fields of one name from the last upwards.
  const lines = fields.map(canonicalizeField).toReversed();
  const selected = SIGNED_FIELDS.flatMap((name) => {
    const prefix = `${name.toLowerCase()}:`;
    return lines.filter((line) => line.startsWith(prefix)).map((line): SignedField => ({ name, line }));
  });
  return [...selected, { name: 'From', line: null }];
}

/** RFC 6376 section 3.4.2. */
function canonicalizeField(field: string): string {
  const colon = field.indexOf(':');
  const name = field.slice(0, colon).trimEnd().toLowerCase();
  const value = field
    .slice(colon + 1)
    .replaceAll('\r\n', '')
    .replace(/[ \t]+/g, ' ');
  return `${name}:${value.replace(/^ | $/g, '')}`;
}

/** RFC 6376 section 3.4.4; what the composer makes is in that form already, and is not copied. */
function canonicalizeBody(body: Buffer): Buffer {
  if (isCanonicalBody(body)) return body;
  const text = body
    .toString('latin1')
    .replace(/[ \t]+/g, ' ')
    .replace(/ (?=\r\n|$)/g, '')
    .replace(/(?:\r\n)*$/, '');
  return Buffer.from(text === '' ? '' : `${text}\r\n`, 'latin1');
}

function isCanonicalBody(body: Buffer): boolean {
  const hasOneBreakAtEnd =
    body.length > 2 && endsWith(body, '\r\n') && !endsWith(body.subarray(0, -2), '\r\n');
  return hasOneBreakAtEnd && !body.includes('\t') && !body.includes('  ') && !body.includes(' \r\n');
}

function endsWith(bytes: Buffer, text: string): boolean {
  return bytes.length >= text.length && bytes.toString('latin1', bytes.length - text.length) === text;
}

type SignatureTags = { domain: string; selector: string; names: readonly string[]; bodyHash: string };

/** The field as it is signed: complete but for the signature. */
function toSignatureField({ domain, selector, names, bodyHash }: SignatureTags): string {
  return [
    'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;',
    `d=${domain};`,
    `s=${selector};`,
    `h=${foldNames(names)};`,
    `bh=${bodyHash};`,
    'b=',
  ].join('\r\n ');
}

/** RFC 6376 section 3.5 allows white space beside the colons. */
function foldNames(names: readonly string[]): string {
  let length = ' h='.length;
  return names
    .map((name, index) => {
      if (index === 0) return name;
      length += name.length + 1;
      if (length < MAX_LINE_LENGTH) return `:${name}`;
      length = name.length + 1;
      return `:\r\n ${name}`;
    })
    .join('');
}

function foldBase64(text: string): string {
  return text.replace(/.{72}(?=.)/g, '$&\r\n ');
}
