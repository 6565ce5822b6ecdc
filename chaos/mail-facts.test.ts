import { describe, expect, test } from 'bun:test';
import { composeMime } from '../server/src/lib/mail/mime.ts';
import { readMailFacts, TOKEN_HEADER } from './mail-facts.ts';

const ID = '01a1fd19-cbc5-761f-a452-8d7d461af0f2';
const address = (email: string) => ({ name: null, email });

const toFile = (text: string) => ({
  filename: 'a.txt',
  contentType: 'text/plain',
  content: Buffer.from(text),
  contentId: null,
});

type Content = { html?: string; text?: string; attachment?: string };

async function factsOf({ html, text, attachment }: Content) {
  const raw = await composeMime({
    messageId: ID,
    from: address('a@example.com'),
    to: [address('b@example.net')],
    cc: [],
    replyTo: [],
    subject: 'x',
    html: html ?? null,
    text: text ?? null,
    headers: { [TOKEN_HEADER]: 't7x' },
    date: new Date(0),
    attachments: attachment === undefined ? [] : [toFile(attachment)],
    unsubscribeUrl: null,
  });
  return readMailFacts(raw);
}

describe('the facts of a mail', () => {
  test('are read from what the service composes', async () => {
    const whole = { messageId: ID, token: 't7x', isIntact: true };
    expect(await factsOf({ html: '<p>t7x</p>', text: 't7x' })).toEqual(whole);
    expect(await factsOf({ html: `<p>${'long '.repeat(5000)}</p>t7x` })).toEqual(whole);
    expect(await factsOf({ text: 't7x\n.\n..dots' })).toEqual(whole);
    expect(await factsOf({ html: '<p>t7x</p>', text: 't7x', attachment: 't7x' })).toEqual(whole);
  });

  test('tell where one of the bodies is of another mail', async () => {
    expect(await factsOf({ html: '<p>t8x</p>', text: 't7x' })).toMatchObject({ isIntact: false });
    expect(await factsOf({ text: 't8x' })).toMatchObject({ isIntact: false });
    expect(await factsOf({ text: 't7x', attachment: 't8x' })).toMatchObject({ isIntact: false });
  });

  test('are missing where the mail has none', () => {
    const facts = readMailFacts(Buffer.from('Subject: x\r\n\r\nhello\r\n'));
    expect(facts).toEqual({ messageId: null, token: null, isIntact: false });
  });
});
