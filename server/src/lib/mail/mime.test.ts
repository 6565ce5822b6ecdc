import { describe, expect, test } from 'bun:test';
import PostalMime from 'postal-mime';
import { composeMime } from './mime.ts';
import { type ComposeInput, toMimeMessageId } from './mime-input.ts';

const INPUT: ComposeInput = {
  messageId: '01890a5d-ac96-774b-bcce-b302099a8057',
  from: { name: 'Acme', email: 'hello@acme.example' },
  to: [{ name: null, email: 'ada@example.com' }],
  cc: [],
  replyTo: [],
  subject: 'Welcome',
  html: '<p>Hi</p>',
  text: 'Hi',
  attachments: [],
  unsubscribeUrl: null,
  headers: {},
  date: new Date('2026-07-21T10:00:00Z'),
};

async function composeAndParse(change: Partial<ComposeInput>) {
  const bytes = await composeMime({ ...INPUT, ...change });
  const source = Buffer.from(bytes).toString('latin1');
  return { source, mail: await PostalMime.parse(bytes) };
}

/** The fields of the top-level header, unfolded. */
function fieldsOf(source: string): string[] {
  const head = source.slice(0, source.indexOf('\r\n\r\n'));
  return head.replace(/\r\n[ \t]/g, ' ').split('\r\n');
}

function namesOf(source: string): string[] {
  return fieldsOf(source)
    .map((field) => field.slice(0, field.indexOf(':')).toLowerCase())
    .sort();
}

// postal-mime ends every decoded body with a line break.
const withoutLastBreak = (text: string | undefined) => text?.replace(/\n$/, '');

test('a parser reads back everything that was put in', async () => {
  const { mail, source } = await composeAndParse({
    to: [
      { name: 'Lovelace, Ada', email: 'ada@example.com' },
      { name: null, email: 'bob@example.com' },
    ],
    cc: [{ name: 'Zoë 🎉', email: 'zoe@example.com' }],
    replyTo: [{ name: 'He said "hi" \\o/', email: 'reply@acme.example' }],
    headers: { 'X-Order': '42 ä', References: '<a@b.example> <c@d.example>' },
  });
  expect(mail.from).toEqual({ name: 'Acme', address: 'hello@acme.example' });
  expect(mail.to).toEqual([
    { name: 'Lovelace, Ada', address: 'ada@example.com' },
    { name: '', address: 'bob@example.com' },
  ]);
  expect(mail.cc).toEqual([{ name: 'Zoë 🎉', address: 'zoe@example.com' }]);
  expect(mail.replyTo).toEqual([{ name: 'He said "hi" \\o/', address: 'reply@acme.example' }]);
  expect(mail.subject).toBe('Welcome');
  expect(withoutLastBreak(mail.html)).toBe('<p>Hi</p>');
  expect(withoutLastBreak(mail.text)).toBe('Hi');
  expect(mail.messageId).toBe(`<${INPUT.messageId}@acme.example>`);
  expect(mail.messageId).toBe(toMimeMessageId(INPUT));
  expect(mail.date).toBe('2026-07-21T10:00:00.000Z');
  expect(mail.headers.find(({ key }) => key === 'x-mail-message-id')?.value).toBe(INPUT.messageId);
  expect(mail.headers.find(({ key }) => key === 'x-order')?.value).toBe(
    `=?UTF-8?B?${btoa('42 \u00C3\u00A4')}?=`,
  );
  expect(mail.references).toBe('<a@b.example> <c@d.example>');
  expect(namesOf(source)).not.toContain('bcc');
});

test('the same input gives the same bytes', async () => {
  const [first, second] = await Promise.all([composeMime(INPUT), composeMime({ ...INPUT })]);
  expect(Buffer.from(first).equals(Buffer.from(second))).toBe(true);
});

const BODIES: [string, string][] = [
  ['emoji', 'Grüße 🎉👩‍👩‍👧 漢字'],
  ['right to left', 'שלום עולם، مرحبا'],
  ['a line over 998 characters', `<p>${'x'.repeat(5000)}</p>`],
  ['leading dots', '.\n..\n.hidden\n\n.\n'.concat('end')],
  ['text that looks like a boundary', '--_mail-x-Part_1\n--_mail--\nFrom nobody'],
  ['a carriage return inside', 'a\r\nb\rc'],
];
test.each(BODIES)('a body with %s arrives unchanged, in short ASCII lines', async (_, body) => {
  const { mail, source } = await composeAndParse({ html: body, text: body });
  const textOnly = await composeAndParse({ html: null, text: body });
  const normalise = (text: string | undefined) => withoutLastBreak(text)?.replace(/\r\n?/g, '\n');
  expect(normalise(mail.html)).toBe(normalise(body));
  expect(normalise(mail.text)).toBe(normalise(body));
  expect(normalise(textOnly.mail.text)).toBe(normalise(body));
  expect(source).toMatch(/^[\t\r\n -~]*$/);
  expect(source.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  for (const line of source.split('\r\n')) expect(line.length).toBeLessThanOrEqual(100);
});

const SUBJECTS = [
  'Grüße 🎉 from שלום',
  '🎉'.repeat(200),
  'ä'.repeat(998),
  'x'.repeat(998),
  'word '.repeat(190).trim(),
  '=?utf-8?Q?=0D=0ABcc:_evil@c.example?=',
  'a =?broken',
  '"quoted", <angled> & (commented)',
  '.leading dot',
];
test.each(SUBJECTS)('the subject %j arrives unchanged in lines under 998', async (subject) => {
  const { mail, source } = await composeAndParse({ subject });
  expect(mail.subject).toBe(subject);
  expect(namesOf(source)).not.toContain('bcc');
  for (const line of source.split('\r\n')) expect(line.length).toBeLessThan(998);
});

test('long and foreign names arrive unchanged in every address header', async () => {
  const names = [
    'Zoë 🎉',
    'שלום',
    'n'.repeat(200),
    '漢'.repeat(200),
    'Doe, "J" <x@y>',
    'a (b) c',
    "O'Neil; & co: [x]",
  ];
  const addresses = names.map((name, index) => ({ name, email: `u${index}@example.com` }));
  const { mail } = await composeAndParse({ to: addresses, cc: addresses, replyTo: addresses });
  const expected = addresses.map(({ name, email }) => ({ name, address: email }));
  expect(mail.to).toEqual(expected);
  expect(mail.cc).toEqual(expected);
  expect(mail.replyTo).toEqual(expected);
});

test('one-click unsubscribing has its two headers, which stand for those of the caller', async () => {
  const headers = { 'list-unsubscribe': '<mailto:off@acme.example>', 'List-Unsubscribe-Post': 'other' };
  const unsubscribeUrl = `https://acme.example/u/${'t'.repeat(200)}?a=b,c`;
  const { source } = await composeAndParse({ headers, unsubscribeUrl });
  const fields = fieldsOf(source).filter((field) => /^list-/i.test(field));
  expect(fields).toEqual([
    `List-Unsubscribe: <${unsubscribeUrl}>`,
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
  ]);
  const without = fieldsOf((await composeAndParse({ headers })).source);
  expect(without.filter((field) => /^list-/i.test(field))).toEqual([
    'list-unsubscribe: <mailto:off@acme.example>',
    'List-Unsubscribe-Post: other',
  ]);
});

test.each([
  '/u/1',
  'acme.example/u/1',
  'mailto:off@acme.example',
  'javascript:alert(1)',
  'https://acme.example/ u',
  'https://acme.example/>,<mailto:x@y.example',
  'https://acme.example/ü',
  'https://:0',
  `https://acme.example/${'u'.repeat(900)}`,
])('%j is no link to unsubscribe with', async (unsubscribeUrl) => {
  await expect(composeMime({ ...INPUT, unsubscribeUrl })).rejects.toThrow(TypeError);
});

test('long words stay whole on lines below 998 bytes, and longer ones are encoded', async () => {
  const { source, mail } = await composeAndParse({
    subject: `a ${'x'.repeat(890)} b`,
    headers: { 'X-A': `${'y'.repeat(900)} ${'z'.repeat(80)} end`, 'X-B': `a${' '.repeat(950)}b` },
  });
  expect(mail.subject).toBe(`a ${'x'.repeat(890)} b`);
  expect(source).toContain(`\r\nX-A: ${'y'.repeat(900)}\r\n ${'z'.repeat(80)}\r\n end\r\n`);
  expect(source).toContain('\r\nX-B: =?UTF-8?B?');
  for (const line of source.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
});

test('a subject of spaces is none', async () => {
  expect(namesOf((await composeAndParse({ subject: '  ' })).source)).not.toContain('subject');
});

test('one body alone makes a single part, and none an empty text', async () => {
  const htmlOnly = await composeAndParse({ text: null });
  expect(
    fieldsOf(htmlOnly.source).some((field) => /^content-type: text\/html; charset=utf-8$/i.test(field)),
  ).toBe(true);
  const textOnly = await composeAndParse({ html: null });
  expect(
    fieldsOf(textOnly.source).some((field) => /^content-type: text\/plain; charset=utf-8$/i.test(field)),
  ).toBe(true);
  const neither = await composeAndParse({ html: null, text: null });
  expect(neither.mail.subject).toBe('Welcome');
  expect(withoutLastBreak(neither.mail.text ?? '')).toBe('');
});

describe('composing throws rather than let a field be broken out of', () => {
  const breaks = ['x\r\nBcc: evil@c.example', 'x\nBcc: e@c', 'x\rBcc: e@c', 'x\0', 'x\u2028y'];
  const attacks: [string, (text: string) => Partial<ComposeInput>][] = [
    ['the sender name', (name) => ({ from: { name, email: 'a@b.example' } })],
    ['the sender address', (text) => ({ from: { name: null, email: `a@b.example${text}` } })],
    ['a recipient name', (name) => ({ to: [{ name, email: 'a@b.example' }] })],
    ['a cc address', (text) => ({ cc: [{ name: null, email: `${text}@b.example` }] })],
    ['a reply-to name', (name) => ({ replyTo: [{ name, email: 'a@b.example' }] })],
    ['the subject', (subject) => ({ subject })],
    ['a header value', (value) => ({ headers: { 'X-A': value } })],
    ['a header name', (name) => ({ headers: { [name]: 'x' } })],
    ['the message id', (messageId) => ({ messageId })],
    ['the unsubscribe link', (text) => ({ unsubscribeUrl: `https://acme.example/${text}` })],
  ];
  for (const [field, change] of attacks) {
    test.each(breaks)(`${field}: %j`, async (text) => {
      await expect(composeMime({ ...INPUT, ...change(text) })).rejects.toThrow(TypeError);
    });
  }

  test.each(['Bcc', 'from', 'Content-Type', 'DKIM-Signature'])('a header of ours: %s', async (name) => {
    await expect(composeMime({ ...INPUT, headers: { [name]: 'x' } })).rejects.toThrow(TypeError);
  });

  test('a date that is none', async () => {
    await expect(composeMime({ ...INPUT, date: new Date(Number.NaN) })).rejects.toThrow(TypeError);
  });

  test.each(['a@b.example, c@d.example', 'Foo <a@b.example>', 'a@b.example> <c@d.example', 'A@B.example'])(
    'an address that was not parsed: %j',
    async (email) => {
      await expect(composeMime({ ...INPUT, to: [{ name: null, email }] })).rejects.toThrow(TypeError);
    },
  );
});
