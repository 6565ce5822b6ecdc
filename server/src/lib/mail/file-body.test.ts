import { describe, expect, test } from 'bun:test';
import { checkAttachment } from './attachment.ts';
import { composeMime } from './mime.ts';
import type { Attachment, ComposeInput } from './mime-input.ts';
import { READERS } from './mime-test-readers.ts';

const INPUT: ComposeInput = {
  messageId: '01890a5d-ac96-774b-bcce-b302099a8057',
  from: { name: 'Zoë, of "Acme"', email: 'hello@acme.example' },
  to: [{ name: null, email: 'ada@example.com' }],
  cc: [],
  replyTo: [],
  subject: 'Grüße 🎉',
  html: '<p>Hi <img src="cid:logo@acme"></p>\n漢字',
  text: 'Hi\n.\nyou',
  attachments: [],
  unsubscribeUrl: 'https://acme.example/u/1',
  headers: { 'X-Order': '42' },
  date: new Date('2026-07-21T10:00:00Z'),
};

function file(change: Partial<Attachment> = {}): Attachment {
  const content = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
  return { filename: 'a.pdf', contentType: 'application/pdf', contentId: null, content, ...change };
}

const LOGO = file({ filename: 'logo.png', contentType: 'image/png', contentId: 'logo@acme' });

async function compose(change: Partial<ComposeInput>) {
  const mime = await composeMime({ ...INPUT, ...change });
  const source = Buffer.from(mime).toString('latin1');
  return {
    mime,
    source,
    types: [...source.matchAll(/^Content-Type: ([\w/-]+)/gim)].map((match) => match[1] ?? ''),
  };
}

const FILENAMES = [
  'report.pdf',
  'Grüße 漢字 🎉.pdf',
  'a "quoted" name; x=y.pdf',
  "it's 100% (final), really.pdf",
  'back\\slash.pdf',
  'שלום.pdf',
  `${'long name '.repeat(24)}.pdf`,
  `${'漢'.repeat(250)}.pdf`,
  '50 = half?.pdf',
  '.hidden',
];

describe.each(READERS)('$name', ({ read }) => {
  test.each(FILENAMES)('reads the file named %j', async (filename) => {
    const { mime } = await compose({ attachments: [file({ filename })] });
    const { files } = await read(mime);
    expect(files).toEqual([
      {
        filename,
        type: 'application/pdf',
        contentId: null,
        disposition: 'attachment',
        hex: Buffer.from(file().content).toString('hex'),
      },
    ]);
  });

  test('reads what stands beside the files as if there were none', async () => {
    const plain = await read((await compose({})).mime);
    const { mime } = await compose({ attachments: [LOGO, file(), file({ filename: 'b.pdf' })] });
    const mail = await read(mime);
    const { files } = mail;
    expect({ ...mail, files: plain.files }).toEqual(plain);
    expect(
      files.map(({ filename, contentId, disposition }) => [filename, contentId, disposition]).toSorted(),
    ).toEqual([
      ['a.pdf', null, 'attachment'],
      ['b.pdf', null, 'attachment'],
      ['logo.png', 'logo@acme', 'inline'],
    ]);
  });

  test('reads an empty file, a large one and one whose type has parameters', async () => {
    const attachments = [
      file({ filename: 'empty', content: new Uint8Array() }),
      file({ filename: 'large', content: new Uint8Array(300_000).fill(46) }),
      file({
        filename: 'table.csv',
        contentType: 'text/csv; charset=utf-8',
        content: Buffer.from('ä;ö\n.\n'),
      }),
    ];
    const { files } = await read((await compose({ attachments })).mime);
    expect(files.map(({ filename, hex }) => [filename, hex.length])).toEqual([
      ['empty', 0],
      ['large', 600_000],
      ['table.csv', 16],
    ]);
    expect(files[2]?.hex).toBe(Buffer.from('ä;ö\n.\n').toString('hex'));
  });
});

const SHAPES: [string, Partial<ComposeInput>, string[]][] = [
  [
    'files beside html and text',
    { attachments: [file()] },
    ['multipart/mixed', 'multipart/alternative', 'text/plain', 'text/html', 'application/pdf'],
  ],
  [
    'an image inside the html alone',
    { attachments: [LOGO], text: null },
    ['multipart/related', 'text/html', 'image/png'],
  ],
  [
    'an image inside the html, with text',
    { attachments: [LOGO] },
    ['multipart/alternative', 'text/plain', 'multipart/related', 'text/html', 'image/png'],
  ],
  [
    'an image without html to stand in',
    { attachments: [LOGO], html: null },
    ['multipart/mixed', 'text/plain', 'image/png'],
  ],
  ['a file and nothing to read', { attachments: [file()], html: null, text: null }, ['application/pdf']],
  [
    'a forwarded message, which base64 may not name so',
    { attachments: [file({ contentType: 'message/rfc822', filename: 'm.eml' })], html: null },
    ['multipart/mixed', 'text/plain', 'application/octet-stream'],
  ],
];
test.each(SHAPES)('%s: the parts', async (_, change, expected) => {
  const { source, types } = await compose(change);
  expect(types).toEqual(expected);
  expect(source).toMatch(/^[\t\r\n -~]*$/);
  const lines = source.split('\r\n');
  expect(lines.filter((line) => line.length > 998 || /[\r\n]/.test(line) || line.startsWith('.'))).toEqual(
    [],
  );
  expect(source.endsWith('\r\n')).toBe(true);
});

test('the same files give the same bytes', async () => {
  const attachments = [LOGO, file()];
  expect((await compose({ attachments })).source).toBe((await compose({ attachments })).source);
});

test('a view on a larger buffer is sent alone', async () => {
  const content = new TextEncoder().encode('secret shown secret').subarray(7, 12);
  const { source } = await compose({ html: null, text: null, attachments: [file({ content })] });
  expect(source).toEndWith(`\r\n\r\n${btoa('shown')}\r\n`);
});

const REFUSED: [string, Partial<Attachment>][] = [
  ...[
    'x\r\nBcc: e@c.example',
    'x\ny',
    'x\ry',
    'x\0',
    'x\ty',
    'x\u2028y',
    'x\uD800',
    'cod\u202Egpj.exe',
    '=?utf-8?Q?x=0D=0ABcc:_e@c?=.pdf',
    '',
    ' ',
    'x'.repeat(256),
  ].map((filename): [string, Partial<Attachment>] => ['filename', { filename }]),
  ...[
    'text/plain\r\nBcc: e@c.example',
    'text/plain; x="\r\nBcc: e@c"',
    'text',
    '',
    'text/',
    '/plain',
    'text/plain;',
    'text/plain; x',
    'text/pläin',
    'text/plain; x="\\""',
    'a b/c',
    'multipart/mixed',
    'Multipart/mixed; boundary=x',
    `text/${'x'.repeat(200)}`,
  ].map((contentType): [string, Partial<Attachment>] => ['contentType', { contentType }]),
  ...['x\r\nBcc: e@c.example', 'x>\r\nBcc: e@c', '<x>', 'x y', '', 'ä', 'a@b@c', 'x'.repeat(201)].map(
    (contentId): [string, Partial<Attachment>] => ['contentId', { contentId }],
  ),
];
test.each(REFUSED)('a %s that could break out is refused: %j', async (field, change) => {
  expect(checkAttachment(file(change))).toStartWith(`${field} must`);
  await expect(compose({ attachments: [file(), file(change)] })).rejects.toThrow(TypeError);
});

test('usual names are taken', () => {
  for (const contentType of [
    'application/pdf',
    'text/calendar; method=REQUEST; charset="utf-8"',
    'image/svg+xml',
  ])
    expect(checkAttachment(file({ contentType }))).toBeNull();
  for (const contentId of ['logo', 'part1.06090408@acme.example'])
    expect(checkAttachment(file({ contentId }))).toBeNull();
});
