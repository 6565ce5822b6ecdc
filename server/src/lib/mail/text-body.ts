/** What a message says, in one form or two. */
export type TextBody = { messageId: string; html: string | null; text: string | null };

const LINE_LENGTH = 76;
const BASE64 = 'Content-Transfer-Encoding: base64\r\n\r\n';

/**
 * The body of a message without attachments, from its Content-Type on: ASCII with CRLF line ends. Base64 costs a
 * quarter of the CPU of quoted-printable and leaves no line for a relay to wrap, unstuff or strip. It never holds the
 * boundary, which has characters that base64 has not.
 */
export function toTextBody({ messageId, html, text }: TextBody): string {
  if (html && text) return toAlternatives({ boundary: `_mail-${messageId}`, html, text });
  return html ? toPart('html', html) : toPart('plain', text ?? '');
}

function toAlternatives({ boundary, html, text }: { boundary: string; html: string; text: string }): string {
  // Readers take the last form that they know (RFC 2046 section 5.1.4).
  return (
    `Content-Type: multipart/alternative;\r\n boundary="${boundary}"\r\n\r\n` +
    `--${boundary}\r\n${toPart('plain', text)}` +
    `--${boundary}\r\n${toPart('html', html)}` +
    `--${boundary}--\r\n`
  );
}

function toPart(subtype: 'plain' | 'html', text: string): string {
  return `Content-Type: text/${subtype}; charset=utf-8\r\n${BASE64}${encodeLines(withCrlf(text))}\r\n`;
}

/** RFC 2045 section 6.8: a text's line breaks are CRLF before it is encoded. */
export function withCrlf(text: string): string {
  if (text.includes('\r')) return text.replace(/\r\n?|\n/g, '\r\n');
  return text.replaceAll('\n', '\r\n');
}

function encodeLines(text: string): string {
  const encoded = Buffer.from(text, 'utf8').toString('base64');
  let lines = '';
  let start = 0;
  // Appended and not joined: a list of slices costs half as much again.
  for (; start + LINE_LENGTH < encoded.length; start += LINE_LENGTH)
    lines += `${encoded.slice(start, start + LINE_LENGTH)}\r\n`;
  return lines + encoded.slice(start);
}
