import { describe, expect, test } from 'bun:test';
import MailComposer from 'nodemailer/lib/mail-composer';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import { composeMime } from './mime.ts';
import { type ComposeInput, toMimeMessageId } from './mime-input.ts';
import { createOddInputs } from './mime-test-inputs.ts';
import { createRandom } from './mime-test-random.ts';
import { READERS, type ReadAddress, type ReadMail } from './mime-test-readers.ts';

const MESSAGES = 2000;
// Seconds here, more on a loaded machine.
const TIMEOUT_MS = 180_000;

/** What a reader has to find, made from the input alone. */
function toExpected(input: ComposeInput): ReadMail {
  const toRead = ({ name, email }: ComposeInput['from']) => ({ name: name ?? '', email });
  const unsubscribe =
    input.unsubscribeUrl === null
      ? {}
      : {
          'list-unsubscribe': `<${input.unsubscribeUrl}>`,
          'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
        };
  const custom = Object.entries(input.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    from: toRead(input.from),
    to: input.to.map(toRead),
    cc: input.cc.map(toRead),
    replyTo: input.replyTo.map(toRead),
    subject: input.subject.trim(),
    messageId: toMimeMessageId(input),
    date: input.date.toISOString(),
    html: toBody(input.html),
    text: toBody(input.text),
    headers: { 'x-mail-message-id': input.messageId, ...unsubscribe, ...Object.fromEntries(custom) },
    files: [],
  };
}

function toBody(text: string | null): string {
  return (text ?? '').toWellFormed().replace(/\r\n?/g, '\n');
}

async function composeWithNodemailer(input: ComposeInput): Promise<Uint8Array> {
  const toMailbox = ({ name, email }: ComposeInput['from']) => ({ name: name ?? '', address: email });
  const unsubscribe =
    input.unsubscribeUrl === null
      ? []
      : [
          { key: 'List-Unsubscribe', value: `<${input.unsubscribeUrl}>` },
          { key: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' },
        ];
  return new MailComposer({
    from: toMailbox(input.from),
    to: input.to.map(toMailbox),
    cc: input.cc.map(toMailbox),
    replyTo: input.replyTo.map(toMailbox),
    // It would let through what only looks like an encoded word.
    subject: input.subject.includes('=?') ? encodeWord(input.subject.trim(), 'B', 52) : input.subject.trim(),
    headers: [
      { key: 'X-Mail-Message-Id', value: input.messageId },
      ...unsubscribe,
      ...Object.entries(input.headers).map(([key, value]) => ({ key, value })),
    ],
    messageId: toMimeMessageId(input),
    date: input.date,
    // It leaves line breaks as they are.
    html: toBody(input.html),
    text: toBody(input.text),
    encoding: 'base64',
    textEncoding: 'B',
  })
    .compile()
    .build();
}

/** Every text of it made what the reader makes of such texts. */
function tidyAll(mail: ReadMail, tidy: (text: string) => string): ReadMail {
  const tidyAddress = ({ name, email }: ReadAddress) => ({ name: tidy(name), email });
  return {
    ...mail,
    from: mail.from && tidyAddress(mail.from),
    to: mail.to.map(tidyAddress),
    cc: mail.cc.map(tidyAddress),
    replyTo: mail.replyTo.map(tidyAddress),
    subject: tidy(mail.subject),
    html: tidy(mail.html),
    text: tidy(mail.text),
    headers: Object.fromEntries(Object.entries(mail.headers).map(([name, value]) => [name, tidy(value)])),
  };
}

/** What a relay could stumble over, cut or take for something else. */
function assertWireSafe(mime: Uint8Array, input: ComposeInput): void {
  const source = Buffer.from(mime).toString('latin1');
  expect(source).toMatch(/^[\r\n -~]*$/);
  expect(source.endsWith('\r\n')).toBe(true);
  const lines = source.split('\r\n');
  const end = lines.indexOf('');
  expect(lines.filter((line) => /[\r\n]/.test(line) || line.length > 998)).toEqual([]);
  expect(lines.filter((line) => line.length > 76 && line.includes('=?'))).toEqual([]);
  // RFC 2047 section 5: each holds whole characters, as not every reader joins them before it decodes.
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  for (const [, word = ''] of source.matchAll(/=\?UTF-8\?B\?([^?]*)\?=/g))
    expect(() => utf8.decode(Buffer.from(word, 'base64'))).not.toThrow();
  expect(lines.slice(end).filter((line) => line.length > 76 || line.startsWith('.'))).toEqual([]);
  // Folded lines hold more than white space, and each field is one that was asked for, once.
  expect(lines.slice(0, end).filter((line) => line.trim() === '')).toEqual([]);
  const names = lines.slice(0, end).flatMap((line) => /^[^ ][^:]*(?=:)/.exec(line)?.[0].toLowerCase() ?? []);
  expect(names.toSorted()).toEqual(toFieldNames(input).toSorted());
}

function toFieldNames({
  to,
  cc,
  replyTo,
  subject,
  html,
  text,
  unsubscribeUrl,
  headers,
}: ComposeInput): string[] {
  const isAlternative = Boolean(html) && Boolean(text);
  return [
    'from',
    'message-id',
    'date',
    'mime-version',
    'x-mail-message-id',
    'content-type',
    ...(isAlternative ? [] : ['content-transfer-encoding']),
    ...(to.length > 0 ? ['to'] : []),
    ...(cc.length > 0 ? ['cc'] : []),
    ...(replyTo.length > 0 ? ['reply-to'] : []),
    ...(subject.trim() === '' ? [] : ['subject']),
    ...(unsubscribeUrl === null ? [] : ['list-unsubscribe', 'list-unsubscribe-post']),
    ...Object.keys(headers).map((name) => name.toLowerCase()),
  ];
}

function createInputs(): ComposeInput[] {
  return Array.from({ length: MESSAGES }, (_, index) => index).map(createOddInputs(createRandom(20_261_121)));
}

test(
  `${MESSAGES} odd messages are safe on the wire`,
  async () => {
    for (const input of createInputs()) assertWireSafe(await composeMime(input), input);
  },
  TIMEOUT_MS,
);

describe.each(READERS)('$name', ({ read, tidy }) => {
  test(
    `reads ${MESSAGES} odd messages as they were meant`,
    async () => {
      for (const input of createInputs()) {
        const mail = await read(await composeMime(input));
        expect(tidyAll(mail, tidy)).toEqual(tidyAll(toExpected(input), tidy));
      }
    },
    TIMEOUT_MS,
  );

  test(
    'reads the same in them as in what nodemailer composes',
    async () => {
      for (const input of createInputs()) {
        const [ours, theirs] = await Promise.all([composeMime(input), composeWithNodemailer(input)]);
        expect(tidyAll(await read(ours), tidy)).toEqual(tidyAll(await read(theirs), tidy));
      }
    },
    TIMEOUT_MS,
  );
});
