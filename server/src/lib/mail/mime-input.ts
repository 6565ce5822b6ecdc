import { type Address, domainOf, formatAddress, parseAddress } from './address.ts';
import { checkAttachment } from './attachment.ts';
import { checkCustomHeaders, isHeaderText } from './header-text.ts';

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
  attachments: readonly Attachment[];
  /** Where one POST takes the recipient off the list (RFC 8058); it replaces a `List-Unsubscribe` among `headers`. */
  unsubscribeUrl: string | null;
  /** Custom headers as the API accepted them. */
  headers: Readonly<Record<string, string>>;
  /** When the message was created, so that every attempt carries the same Date. */
  date: Date;
};

/** A file that goes with a message; one with a `contentId` is shown inside the html, where `cid:` names it. */
export type Attachment = {
  /** Unicode text without a path. */
  filename: string;
  /** A media type, with parameters where it has some. */
  contentType: string;
  content: Uint8Array;
  /** Without angle brackets. */
  contentId: string | null;
};

// With its brackets it has to fit one line: a URL cannot be folded.
const MAX_URL_LENGTH = 900;

/** The Message-ID header of a message, with its angle brackets: the same for every attempt. */
export function toMimeMessageId({ messageId, from }: Pick<ComposeInput, 'messageId' | 'from'>): string {
  return `<${messageId}@${domainOf(from)}>`;
}

/**
 * The wall behind the API's checks: a caller that forgot to parse its input gets an error, never a message with
 * somebody else's header in it.
 *
 * @throws TypeError where an address, header, subject, URL, attachment or id could break out of its header field
 */
export function assertComposable(input: ComposeInput): void {
  const { messageId, from, to, cc, replyTo, subject, headers, date } = input;
  // 64 characters also keep the boundaries below the 70 of RFC 2046 section 5.1.1.
  if (!/^[\w-]{1,64}$/.test(messageId)) throw new TypeError('messageId is not an id');
  if (Number.isNaN(date.getTime())) throw new TypeError('date is not a date');
  for (const address of [from, ...to, ...cc, ...replyTo]) assertAddress(address);
  if (!isHeaderText(subject.toWellFormed())) throw new TypeError('subject holds a control character');
  const [problem] = checkCustomHeaders(headers);
  if (problem) throw new TypeError(`header ${JSON.stringify(problem.name)} ${problem.reason}`);
  assertUnsubscribeUrl(input.unsubscribeUrl);
  for (const attachment of input.attachments) {
    const fault = checkAttachment(attachment);
    if (fault !== null) throw new TypeError(`an attachment's ${fault}`);
  }
}

/** An Address is plain data that anybody can make up: only what parsing would give again is let through. */
function assertAddress(address: Address): void {
  const parsed = parseAddress(formatAddress(address));
  if (!parsed.ok) throw new TypeError(`an address ${parsed.reason}`);
  if (parsed.address.email !== address.email) throw new TypeError('an address is not in its parsed form');
}

/** RFC 8058 wants https; plain http is for development, where nothing leaves. */
function assertUnsubscribeUrl(url: string | null): void {
  if (url === null) return;
  // Only what can stand between angle brackets as it is.
  const isPlain = url.length <= MAX_URL_LENGTH && /^https?:\/\/[!-;=?-~]+$/.test(url);
  if (!isPlain || !URL.canParse(url)) throw new TypeError('unsubscribeUrl is not a URL for a header');
}
