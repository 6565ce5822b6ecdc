import PostalMime, { decodeWords } from 'postal-mime';

/** A mail taken apart, as a mail program would show it. */
export type ReadMail = {
  /** In their order, unfolded and decoded. */
  headers: { name: string; value: string }[];
  html: string | null;
  text: string | null;
  attachments: ReadAttachment[];
};

export type ReadAttachment = {
  filename: string;
  contentType: string;
  /** What `cid:` in the html names, without angle brackets. */
  contentId: string | null;
  /** True for what is shown inside the html and not beside it. */
  isInline: boolean;
  content: Uint8Array;
};

/** Takes the bytes of a mail apart. Nothing in the result is safe to be shown as it is. */
export async function readMime(mime: Uint8Array): Promise<ReadMail> {
  const { headers, html, text, attachments } = await PostalMime.parse(mime);
  return {
    headers: headers.map(({ originalKey, value }) => ({ name: originalKey, value: decodeWords(value) })),
    html: html ?? null,
    text: text ?? null,
    attachments: attachments.map(({ filename, mimeType, contentId, disposition, content }, index) => ({
      filename: filename ?? `attachment-${index + 1}`,
      contentType: mimeType,
      contentId: contentId?.replace(/^<(.*)>$/, '$1') ?? null,
      isInline: disposition === 'inline',
      content: typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content),
    })),
  };
}
