import type { InboxMail } from '@org/mail-sdk';
import { key } from '../shared/session.ts';

type Attachment = InboxMail['attachments'][number];

/** What a browser draws as an image; anything else stays a file. */
const IMAGES: readonly string[] = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/svg+xml',
  'image/avif',
];
/** More would not fit into what a frame may hold. */
const MAX_INLINE_BYTES = 5 * 1024 * 1024;

/** The exact bytes of a mail. */
export function toBytes({ mime }: Pick<InboxMail, 'mime'>): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(mime, (character) => character.charCodeAt(0));
}

/** @throws Error where the service does not give it */
export async function fetchAttachment(id: string, { index }: Attachment): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`/v1/inbox/${id}/attachments/${index}`, {
    headers: { 'x-api-key': key.value ?? '' },
  });
  if (!response.ok) throw new Error(`The attachment cannot be had: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The html with the images that came with it inside of it: a frame can fetch nothing from here. */
export async function inlineImages({ id, html, attachments }: InboxMail): Promise<string> {
  let shown = html ?? '';
  let leftBytes = MAX_INLINE_BYTES;
  for (const attachment of attachments) {
    const { contentId, contentType, sizeBytes } = attachment;
    const isShown = contentId !== null && IMAGES.includes(contentType) && sizeBytes <= leftBytes;
    if (!isShown || !shown.includes(`cid:${contentId}`)) continue;
    leftBytes -= sizeBytes;
    const url = `data:${contentType};base64,${toBase64(await fetchAttachment(id, attachment))}`;
    shown = shown.replaceAll(`cid:${contentId}`, url);
  }
  return shown;
}

function toBase64(bytes: Uint8Array<ArrayBuffer>): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 0x8000)
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  return btoa(text);
}
