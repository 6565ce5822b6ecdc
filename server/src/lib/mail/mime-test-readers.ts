import { parseMail } from '@protontech/jsmimeparser';
import PostalMime from 'postal-mime';

/** What a reader of mail makes of a message. */
export type ReadMail = {
  from: ReadAddress | null;
  to: ReadAddress[];
  cc: ReadAddress[];
  replyTo: ReadAddress[];
  subject: string;
  messageId: string;
  date: string;
  html: string;
  text: string;
  /** By lower-case name, decoded; what mail servers and the fields above do not use. */
  headers: Record<string, string>;
  files: ReadFile[];
};
export type ReadAddress = { name: string; email: string };
export type ReadFile = {
  filename: string;
  type: string;
  contentId: string | null;
  disposition: string;
  hex: string;
};

export type MailReader = {
  name: string;
  read: (mime: Uint8Array) => Promise<ReadMail>;
  /** Takes from a text what the reader takes from it for its own reasons. */
  tidy: (text: string) => string;
};

/** Two parsers without common code: postal-mime, and Thunderbird's, which Proton keeps as a package. */
export const READERS: readonly MailReader[] = [
  {
    name: 'postal-mime',
    read: readWithPostalMime,
    // Decoders drop a byte order mark at the beginning of whatever they are given, and so of any encoded word.
    tidy: (text) => text.replaceAll('\uFEFF', ''),
  },
  {
    name: 'jsmime',
    read: async (mime) => readWithJsmime(mime),
    // It makes spaces of what cannot be seen, lest one name look like another.
    tidy: (text) => text.replace(/[\p{Zs}\p{Cf}\p{Mn}]+/gu, ' ').replace(/^ | $/g, ''),
  },
];

const KNOWN = /^(from|to|cc|reply-to|subject|message-id|date|mime-version|content-.*)$/;

type MailboxOrGroup = { name: string; address?: string | undefined };

async function readWithPostalMime(mime: Uint8Array): Promise<ReadMail> {
  const mail = await PostalMime.parse(Uint8Array.from(mime));
  const decode = async (value: string) => (await PostalMime.parse(asSubject(value))).subject ?? '';
  const headers: Record<string, string> = {};
  for (const { key, value } of mail.headers) if (!KNOWN.test(key)) headers[key] = await decode(value);
  const toAddresses = (list: readonly MailboxOrGroup[] = []) =>
    list.map(({ name, address }) => ({ name, email: address ?? '' }));
  return {
    from: toAddresses(mail.from ? [mail.from] : [])[0] ?? null,
    to: toAddresses(mail.to),
    cc: toAddresses(mail.cc),
    replyTo: toAddresses(mail.replyTo),
    subject: mail.subject ?? '',
    messageId: mail.messageId ?? '',
    date: mail.date ?? '',
    html: withLf(mail.html),
    text: withLf(mail.text),
    headers,
    files: mail.attachments.map((file) => ({
      filename: file.filename ?? '',
      type: file.mimeType,
      contentId: file.contentId?.replace(/^<|>$/g, '') ?? null,
      disposition: file.disposition ?? '',
      hex: Buffer.from(toBytes(file.content)).toString('hex'),
    })),
  };
}

function readWithJsmime(mime: Uint8Array): ReadMail {
  const mail = parseMail(withoutCharset(mime));
  const first = (name: string) => mail.headers[name]?.[0];
  const headers = Object.entries(mail.headers)
    .filter(([name]) => !KNOWN.test(name))
    .map(([name, values]) => [name, parseMail(asSubject(values.join('\n'))).subject ?? '']);
  // It gives one address of Reply-To; a To of the same words gives all.
  const replyTo = first('reply-to');
  return {
    from: mail.from ? withoutQuotes(mail.from) : null,
    to: flatten(mail.to),
    cc: flatten(mail.cc),
    replyTo: replyTo === undefined ? [] : flatten(parseMail(`To: ${replyTo}\r\n\r\n`).to),
    subject: mail.subject ?? '',
    messageId: first('message-id') ?? '',
    date: mail.date?.toISOString() ?? '',
    html: withLf(fromBytes(mail.body.html)),
    text: withLf(fromBytes(mail.body.text)),
    headers: Object.fromEntries(headers),
    files: mail.attachments.map((file) => ({
      filename: file.fileName ?? '',
      type: file.contentType ?? '',
      contentId: file.contentId?.replace(/^<|>$/g, '') ?? null,
      disposition: file.contentDisposition ?? '',
      hex: Buffer.from(file.content).toString('hex'),
    })),
  };
}

/** Neither parser decodes a field that it does not know: read as a Subject it is decoded by the same rules. */
function asSubject(value: string): string {
  return `Subject: ${value}\r\n\r\n`;
}

function flatten(list: NonNullable<ReturnType<typeof parseMail>['to']> = []): ReadAddress[] {
  return list.flatMap((entry) => ('group' in entry ? entry.group : [entry])).map(withoutQuotes);
}

function toBytes(content: ArrayBuffer | Uint8Array | string): Uint8Array {
  if (typeof content === 'string') return Buffer.from(content);
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}

/** Line breaks that are left as they came (CRLF) and ones that were made the system's own are the same. */
function withLf(text: string | null | undefined): string {
  return (text ?? '').replaceAll('\r\n', '\n');
}

/**
 * It decodes every line of a multipart for itself, and so breaks characters that base64 cuts at the end of one: without
 * a charset it gives the bytes as they are, a character each.
 */
function withoutCharset(mime: Uint8Array): Uint8Array<ArrayBuffer> {
  const source = Buffer.from(mime).toString('latin1');
  return Uint8Array.from(Buffer.from(source.replaceAll('; charset=utf-8', ''), 'latin1'));
}

function fromBytes(text: string | null): string {
  return Buffer.from(text ?? '', 'latin1').toString('utf8');
}

/** It quotes local parts that need no quotes. */
function withoutQuotes({ name, email }: ReadAddress): ReadAddress {
  return { name, email: email.replace(/^"([^"\\]*)"@/, '$1@') };
}
