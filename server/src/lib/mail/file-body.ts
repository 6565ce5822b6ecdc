import MailComposer from 'nodemailer/lib/mail-composer';
import type { Attachment } from './mime-input.ts';
import { type TextBody, withCrlf } from './text-body.ts';

/** A body with files. */
export type FileBody = TextBody & { attachments: readonly Attachment[] };

/**
 * The body of a message with attachments, from its Content-Type on. Files with a `contentId` stand beside the html in
 * a multipart/related, the others in a multipart/mixed around all; without html there is nothing to stand beside, and
 * they too are attached.
 */
export async function toFileBody({ messageId, html, text, attachments }: FileBody): Promise<Uint8Array> {
  const composer = new MailComposer({
    ...(html ? { html: withCrlf(html) } : {}),
    ...(text ? { text: withCrlf(text) } : {}),
    attachments: attachments.map(toComposerAttachment),
    // Said twice, or the composer would make up its own; both are in the header that is taken off.
    messageId: `<${messageId}>`,
    date: new Date(0),
    encoding: 'base64',
    textEncoding: 'B',
    boundaryPrefix: '--_mail',
    baseBoundary: messageId,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return withoutMessageHeader(await composer.compile().build());
}

function toComposerAttachment({ filename, contentType, content, contentId }: Attachment) {
  const isMessage = /^message\//i.test(contentType);
  return {
    filename,
    // RFC 2046 section 5.2.1 forbids to encode a message/*, which could then hold anything; readers open .eml by name.
    contentType: isMessage ? 'application/octet-stream' : contentType,
    content: Buffer.from(content.buffer, content.byteOffset, content.byteLength),
    contentDisposition: contentId === null ? ('attachment' as const) : ('inline' as const),
    contentTransferEncoding: 'base64' as const,
    ...(contentId === null ? {} : { cid: contentId }),
  };
}

/** What the composer wrote, less the fields that every message has: those are written in one place. */
function withoutMessageHeader(message: Buffer): Uint8Array {
  const end = message.indexOf('\r\n\r\n');
  const fields = message.toString('latin1', 0, end).split(/\r\n(?![ \t])/);
  const kept = fields.filter((field) => /^content-/i.test(field)).join('\r\n');
  return Buffer.concat([Buffer.from(kept, 'latin1'), message.subarray(end)]);
}
