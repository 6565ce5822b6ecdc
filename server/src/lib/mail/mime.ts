import MailComposer from 'nodemailer/lib/mail-composer';
import { encodeWord } from 'nodemailer/lib/mime-funcs';
import { type Address, domainOf, formatAddress, parseAddress } from './address.ts';
import { isHeaderName, isHeaderText } from './header-text.ts';

/** Everything that a composed message is made of. There is no bcc: it belongs to the envelope alone. */
export type ComposeInput = {
  /** Our id; Message-ID, boundaries and `X-Mail-Message-Id` derive from it. */
  messageId: string;
  from: Address;
  to: readonly Address[];
  cc: readonly Address[];
  replyTo: readonly Address[];
  /** Unicode text in one line. */
  subject: string;
  html: string | null;
  text: string | null;
  /** Custom headers as the API accepted them. */
  headers: Readonly<Record<string, string>>;
  /** When the message was created, so that every attempt carries the same Date. */
  date: Date;
};

/** Carries our id through relays that keep unknown headers, so that their events can be matched to the message. */
const MESSAGE_ID_HEADER = 'X-Mail-Message-Id';

/** The Message-ID header of a message, with its angle brackets: the same for every attempt. */
export function toMimeMessageId({ messageId, from }: Pick<ComposeInput, 'messageId' | 'from'>): string {
  return `<${messageId}@${domainOf(from)}>`;
}

/**
 * Composes the whole RFC 5322 message with CRLF line ends. The same input gives the same bytes. Bodies are base64,
 * which costs a quarter of the CPU of quoted-printable and leaves no line for a relay to wrap or unstuff.
 *
 * Addresses and headers are checked once more here: a caller that forgot to parse its input gets an error, never a
 * message with somebody else's header in it.
 *
 * @throws TypeError where an address, header, subject or id could break out of its header field
 */
export async function composeMime(input: ComposeInput): Promise<Uint8Array> {
  assertComposable(input);
  const composer = new MailComposer({
    from: toMailbox(input.from),
    to: input.to.map(toMailbox),
    cc: input.cc.map(toMailbox),
    replyTo: input.replyTo.map(toMailbox),
    subject: encodeSubject(input.subject),
    headers: [
      { key: MESSAGE_ID_HEADER, value: input.messageId },
      ...Object.entries(input.headers).map(([key, value]) => ({ key, value })),
    ],
    messageId: toMimeMessageId(input),
    date: input.date,
    ...toBodies(input),
    encoding: 'base64',
    textEncoding: 'B',
    boundaryPrefix: '--_mail',
    baseBoundary: input.messageId,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

function toBodies({ html, text }: ComposeInput): { html?: string; text?: string } {
  if (html && text) return { html, text };
  return html ? { html } : { text: text ?? '' };
}

function toMailbox({ name, email }: Address): { name: string; address: string } {
  return { name: name ?? '', address: email };
}

/**
 * Encodes here what the composer would let through: text that only looks like an encoded word (a client would decode
 * what was never checked) and words too long to be folded below the 998 characters of RFC 5322.
 */
function encodeSubject(subject: string): string {
  const isPlain = /^[\x20-\x7E]*$/.test(subject) && !subject.includes('=?') && !/\S{77}/.test(subject);
  return isPlain ? subject : encodeWord(subject.toWellFormed(), 'B', 52);
}

function assertComposable({ messageId, from, to, cc, replyTo, subject, headers, date }: ComposeInput): void {
  if (!/^[\w-]{1,64}$/.test(messageId)) throw new TypeError('messageId is not an id');
  if (Number.isNaN(date.getTime())) throw new TypeError('date is not a date');
  for (const address of [from, ...to, ...cc, ...replyTo]) assertAddress(address);
  if (!isHeaderText(subject.toWellFormed())) throw new TypeError('subject holds a control character');
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeaderName(name)) throw new TypeError('a header name is not one');
    if (!isHeaderText(value)) throw new TypeError(`header ${name} holds a control character`);
  }
}

/** An Address is plain data that anybody can make up: only what parsing would give again is let through. */
function assertAddress(address: Address): void {
  const parsed = parseAddress(formatAddress(address));
  if (!parsed.ok) throw new TypeError(`an address ${parsed.reason}`);
  if (parsed.address.email !== address.email) throw new TypeError('an address is not in its parsed form');
}
