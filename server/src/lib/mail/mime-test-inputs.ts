import { type Address, parseAddress } from './address.ts';
import type { ComposeInput } from './mime-input.ts';

type Random = (below: number) => number;

const NAME_PIECES = [
  ...'aZ0 .,;:<>@()[]"\\\'=?!#%&*/^`{|}~_-+$',
  ...'äßש漢🎉é\u0301\u200D\uFEFF\u00A0',
  'Jane',
  'Doe, J.',
  '"quoted"',
  "O'Neil & co; [x]",
  '\\o/',
  'مرحبا',
  '👩‍👩‍👧',
  'long'.repeat(24),
  'n'.repeat(80),
];
const SUBJECT_PIECES = [
  ...NAME_PIECES,
  ' ',
  ' ',
  '=?utf-8?Q?=0D=0ABcc:_evil@c.example?=',
  '=?',
  '?=',
  'Bcc: evil@c.example',
  'words and words ',
  'x'.repeat(76),
  'x'.repeat(400),
  '漢字'.repeat(60),
];
const BODY_PIECES = [
  ...SUBJECT_PIECES,
  '\n',
  '\r\n',
  '\r',
  '\n\n',
  '\n.\n',
  '\n..',
  '\nFrom nobody',
  '\r\n.\r\n',
  '\t',
  '\u0001\u0007\u001B[31m\u007F',
  '\u0085\u2028\u2029',
  '\uD83C',
  '<p dir="rtl">שלום</p>',
  '--_mail-',
  ' \n',
  'y'.repeat(1500),
];
const DOMAINS = ['b.example', 'münchen.example', 'bücher。example', 'localhost', `${'l'.repeat(60)}.example`];
const LOCAL_PARTS = ["o'neil+tag%x.y", 'a', '{|}~^`#$&*!/=_?', 'Case.Kept', 'l'.repeat(64)];
const CUSTOM_VALUES = [
  '42',
  'Zoë 🎉',
  'ä'.repeat(300),
  'x'.repeat(900),
  'word '.repeat(300).trim(),
  'two  spaces   and "quotes" \\',
  `a${' '.repeat(300)}b`,
  'https://example.com/?a=b&c=%20',
  '漢 '.repeat(100).trim(),
];

/** Makes messages as odd as the API lets them be. */
export function createOddInputs(random: Random): (index: number) => ComposeInput {
  const pick = <T>(items: readonly T[], fallback: T): T => items[random(items.length)] ?? fallback;
  const text = (pieces: readonly string[], most: number) =>
    Array.from({ length: random(most + 1) }, () => pick(pieces, '')).join('');

  function address(): Address {
    const parsed = parseAddress(`${pick(LOCAL_PARTS, 'a')}${random(100)}@${pick(DOMAINS, 'b.example')}`);
    // Two of the parts may be too long together, or a domain not one: the usual address then.
    const { email } = parsed.ok ? parsed.address : { email: 'a@b.example' };
    return { name: name(), email };
  }

  function name(): string | null {
    const raw = text(NAME_PIECES, 8).replaceAll('=', '-').replace(/ +/g, ' ').slice(0, 199);
    return raw.toWellFormed().replace(/^ +| +$/g, '') || null;
  }

  function addresses(most: number): Address[] {
    return Array.from({ length: random(20) === 0 ? 50 : random(most + 1) }, address);
  }

  function headers(): Record<string, string> {
    const entries = Array.from({ length: random(4) }, (_, index): [string, string] => [
      `${pick(['X-Odd', 'x_lower', `X-${'Long'.repeat(17)}`], 'X')}-${index}`,
      pick(CUSTOM_VALUES, ''),
    ]);
    if (random(3) === 0) entries.push(['References', '<a@b.example> <c@d.example>']);
    return Object.fromEntries(entries);
  }

  return (index) => {
    const form = random(6);
    return {
      messageId: `01890a5d-ac96-774b-bcce-${String(index).padStart(12, '0')}`,
      from: address(),
      to: addresses(4),
      cc: addresses(2),
      replyTo: random(2) === 0 ? [] : [address()],
      subject: text(SUBJECT_PIECES, 12).slice(0, 998),
      html: form === 0 ? null : text(BODY_PIECES, 40),
      text: form === 1 ? null : text(BODY_PIECES, 40),
      attachments: [],
      unsubscribeUrl: random(3) === 0 ? `https://example.com/u/${'t'.repeat(random(600))}` : null,
      headers: headers(),
      date: new Date(random(2_000_000_000) * 1000),
    };
  };
}
