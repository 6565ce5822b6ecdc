import { describe, expect, test } from 'bun:test';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { dkimVerify } from 'mailauth/lib/dkim/verify';
import { createDkimSigner } from './dkim.ts';
import { composeMime } from './mime.ts';
import type { ComposeInput } from './mime-input.ts';
import { createOddInputs } from './mime-test-inputs.ts';
import { createRandom } from './mime-test-random.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const SIGNER = createDkimSigner({
  domain: 'Acme.example',
  selector: 'mail-1',
  privateKey: toPem(privateKey),
});

const INPUT: ComposeInput = {
  messageId: '01890a5d-ac96-774b-bcce-b302099a8057',
  from: { name: 'Acme, Inc.', email: 'hello@acme.example' },
  to: [{ name: 'Zoë 🎉', email: 'ada@example.com' }],
  cc: [{ name: null, email: 'bob@example.com' }],
  replyTo: [{ name: null, email: 'reply@acme.example' }],
  subject: 'Your receipt',
  html: '<p>Hi</p>',
  text: 'Hi',
  attachments: [],
  unsubscribeUrl: 'https://acme.example/u/1',
  headers: { References: '<a@b.example>', 'In-Reply-To': '<d@b.example>', 'X-Order': '42' },
  date: new Date('2026-07-21T10:00:00Z'),
};

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** What an independent verifier says, with our public key for its DNS. */
async function verify(mime: Uint8Array | string, key = publicKey): Promise<string> {
  const asked = new Set<string>();
  const { results } = await dkimVerify(Buffer.from(mime), {
    resolver: async (name: string, type: string) => {
      asked.add(`${type} ${name}`);
      return [[`v=DKIM1; k=rsa; p=${key.export({ type: 'spki', format: 'der' }).toString('base64')}`]];
    },
  });
  // It does not ask for the key where the body is another already.
  expect([...asked, 'TXT mail-1._domainkey.acme.example'].at(0)).toBe('TXT mail-1._domainkey.acme.example');
  expect(asked.size).toBeLessThanOrEqual(1);
  expect(results).toHaveLength(1);
  return results[0]?.status.result ?? 'no result';
}

async function signed(change: Partial<ComposeInput> = {}): Promise<string> {
  const mime = await SIGNER.sign(await composeMime({ ...INPUT, ...change }));
  return Buffer.from(mime).toString('latin1');
}

function signatureOf(source: string): string {
  return source.slice(0, source.search(/\r\n(?![ \t])/)).replace(/\r\n[ \t]/g, ' ');
}

test('a verifier accepts what was signed', async () => {
  expect(await verify(await signed())).toBe('pass');
});

test('the message itself stays as it was, under one more field', async () => {
  const mime = await composeMime(INPUT);
  const source = await signed();
  expect(source.endsWith(`\r\n${Buffer.from(mime).toString('latin1')}`)).toBe(true);
  expect(source).toStartWith('DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=acme.example;');
  for (const line of source.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76);
  expect(await signed()).toBe(source);
});

test('what a reader sees is signed, From once more than it is there', async () => {
  const names = /h=([^;]*);/
    .exec(signatureOf(await signed()))?.[1]
    ?.toLowerCase()
    .replaceAll(' ', '')
    .split(':');
  expect(names).toEqual(
    'from to cc reply-to subject date message-id in-reply-to references mime-version content-type list-unsubscribe'
      .concat(' list-unsubscribe-post from')
      .split(' '),
  );
  const bare = await signed({ to: [], cc: [], replyTo: [], unsubscribeUrl: null, headers: {} });
  expect(await verify(bare)).toBe('pass');
  expect(signatureOf(bare)).not.toMatch(/:(To|Cc|Reply-To|References|List-Unsubscribe)\b/);
});

const TAMPERED: [string, (source: string) => string][] = [
  ['the sender', (source) => source.replace('hello@acme', 'ceo@acme')],
  ['a second From below', (source) => source.replace('\r\nTo:', '\r\nFrom: ceo@acme.example\r\nTo:')],
  ['a second From on top', (source) => source.replace('\r\nFrom:', '\r\nFrom: ceo@acme.example\r\nFrom:')],
  ['a recipient', (source) => source.replace('ada@', 'eve@')],
  ['a copy', (source) => source.replace('bob@', 'eve@')],
  ['where answers go', (source) => source.replace('reply@', 'eve@')],
  ['the subject', (source) => source.replace('Your receipt', 'Your invoice')],
  ['the date', (source) => source.replace('10:00:00', '11:00:00')],
  ['the id', (source) => source.replace('<01890a5d', '<01890a5e')],
  ['what it answers', (source) => source.replace('<d@b.example>', '<c@b.example>')],
  ['a reference', (source) => source.replace('<a@b.example>', '<c@b.example>')],
  ['the MIME version', (source) => source.replace('Version: 1.0', 'Version: 1.1')],
  ['the type', (source) => source.replace('multipart/alternative', 'multipart/mixed')],
  ['the unsubscribe link', (source) => source.replace('/u/1', '/u/2')],
  ['the unsubscribe way', (source) => source.replace('=One-Click', '=Two-Click')],
  ['the body', (source) => source.replace(btoa('<p>Hi</p>'), btoa('<p>Ho</p>'))],
  ['a line after the end', (source) => `${source}more\r\n`],
  ['the list of what is signed', (source) => source.replace('h=From:To', 'h=From:Cc')],
];
test.each(TAMPERED)('a verifier notices a change of %s', async (_, tamper) => {
  const source = await signed();
  expect(tamper(source)).not.toBe(source);
  expect(await verify(tamper(source))).not.toBe('pass');
});

test('a verifier with another key does not accept it', async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  expect(await verify(await signed(), other.publicKey)).toBe('fail');
});

test('what is not signed may change on the way: white space, folding, fields of relays', async () => {
  const source = await signed();
  const relayed = source
    .replace('Subject: Your receipt', 'subject :\r\n\tYour   receipt ')
    .replace('X-Order: 42', 'X-Order: 43')
    .concat('\r\n\r\n');
  expect(await verify(`Received: from a by b\r\n${relayed}`)).toBe('pass');
});

const BODIES: [string, string][] = [
  ['empty', ''],
  ['of blank lines', '\r\n\r\n'],
  ['without a line break at the end', 'x'],
  ['with white space at its ends', 'a \t\r\n \t b\t c \r\n \r\n\r\n'],
  ['with a tab', 'a\tb\r\n'],
  ['with two spaces together', 'a  b\r\n'],
  ['with a space at the end of a line', 'a b \r\n'],
  ['with a blank line at the end', 'a\r\n\r\n'],
  ['with bytes beyond ASCII', 'Gr\u00C3\u00BC\u00C3\u009F\u00C2\u00A0e \r\n.\r\n'],
];
test.each(BODIES)('a body %s is signed as a verifier reads it', async (_, body) => {
  const mime = Buffer.from(`From: a@acme.example\r\nSubject:  a\t b \r\n\r\n${body}`, 'latin1');
  expect(await verify(await SIGNER.sign(mime))).toBe('pass');
});

test('a field that is there twice is signed twice, as a verifier takes them', async () => {
  const mime = Buffer.from('From: a@acme.example\r\nTo: a@b.example\r\nTo: c@d.example\r\n\r\nx\r\n');
  const signedMime = await SIGNER.sign(mime);
  expect(await verify(signedMime)).toBe('pass');
  expect(signatureOf(Buffer.from(signedMime).toString())).toContain('h=From:To:To:From;');
});

test('odd messages, and messages with files, are signed as a verifier reads them', async () => {
  const attachments = [
    {
      filename: 'Grüße.pdf',
      contentType: 'application/pdf',
      contentId: null,
      content: Buffer.alloc(5000, 7),
    },
  ];
  const inputs = Array.from({ length: 200 }, (_, index) => index).map(createOddInputs(createRandom(5)));
  for (const [index, input] of inputs.entries()) {
    const mime = await composeMime({ ...input, attachments: index % 4 === 0 ? attachments : [] });
    expect(await verify(await SIGNER.sign(mime))).toBe('pass');
  }
});

test('a message without a header is refused', async () => {
  await expect(SIGNER.sign(Buffer.from('From: a@b.example\r\n'))).rejects.toThrow(TypeError);
});

describe('refused at the start, in words', () => {
  const usual = { domain: 'acme.example', selector: 'mail', privateKey: toPem(privateKey) };
  const REFUSED: [string, Partial<typeof usual>, RegExp][] = [
    [
      'an ed25519 key',
      { privateKey: toPem(generateKeyPairSync('ed25519').privateKey) },
      /RSA key, not ed25519/,
    ],
    [
      'an elliptic key',
      { privateKey: toPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey) },
      /RSA key, not ec/,
    ],
    [
      'a key of 512 bits',
      { privateKey: toPem(generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey) },
      /1024 to 4096 bits .*not 512/,
    ],
    ['no key', { privateKey: '' }, /cannot be read/],
    ['something else', { privateKey: 'secret words' }, /cannot be read/],
    ['a cut key', { privateKey: usual.privateKey.slice(0, 400) }, /cannot be read/],
    [
      'a public key',
      { privateKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() },
      /cannot be read/,
    ],
    [
      'an encrypted key',
      {
        privateKey: privateKey
          .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
          .toString(),
      },
      /cannot be read/,
    ],
    ['a domain that is none', { domain: 'acme example' }, /not a domain/],
    ['a domain with more', { domain: 'acme.example; l=0' }, /not a domain/],
    ['no selector', { selector: '' }, /not a selector/],
    ['a selector with more', { selector: 'a; d=b.example' }, /not a selector/],
  ];
  test.each(REFUSED)('%s', (_, change, words) => {
    expect(() => createDkimSigner({ ...usual, ...change })).toThrow(words);
    expect(() => createDkimSigner({ ...usual, ...change })).toThrow(TypeError);
  });

  test('never with words of the key', () => {
    const key = usual.privateKey.replace('PRIVATE', 'SECRET');
    expect(() => createDkimSigner({ ...usual, privateKey: key })).toThrow(/^(?!.*SECRET)/s);
  });

  test('a key in the older form, and one of 1024 bits, are taken', async () => {
    const older = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    const mime = await composeMime(INPUT);
    const signer = createDkimSigner({ ...usual, selector: 'mail-1', privateKey: older });
    expect(await verify(await signer.sign(mime))).toBe('pass');
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const weak = createDkimSigner({ ...usual, selector: 'mail-1', privateKey: toPem(short.privateKey) });
    expect(await verify(await weak.sign(mime), short.publicKey)).toBe('pass');
  });
});
