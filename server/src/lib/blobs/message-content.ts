import type { Db } from '../db/database.ts';
import { type Attachment, listAttachments, type Message } from '../db/messages.ts';
import type { BlobStore } from './blob-store.ts';

/** From this many bytes of html and text together a body is kept in blob storage instead of its row. */
export const MAX_ROW_BODY_BYTES = 64 * 1024;

/** What a caller gave as the body of a message. */
export type MessageBody = { html: string | null; text: string | null };

/** An attachment with its bytes. */
export type LoadedAttachment = Pick<Attachment, 'filename' | 'contentType' | 'contentId'> & {
  bytes: Uint8Array;
};

/** Where a message's body is kept, once it is too large for the row. */
export function bodyBlobKey(messageId: string): string {
  return `body/${messageId}`;
}

/** Where one attachment of a message is kept. */
export function attachmentBlobKey(messageId: string, position: number): string {
  return `attachment/${messageId}/${position}`;
}

/** The bytes of a body as {@link loadBody} reads them. */
export function toBodyBytes(body: MessageBody): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(body));
}

/**
 * The body as its caller gave it, wherever it is kept; both are null where a template makes it.
 *
 * @throws Error where blob storage has lost it
 */
export async function loadBody(
  blobs: BlobStore,
  { html, text, bodyBlob }: Pick<Message, 'html' | 'text' | 'bodyBlob'>,
): Promise<MessageBody> {
  if (bodyBlob === null) return { html, text };
  const value: unknown = JSON.parse(new TextDecoder().decode(await readBlob(blobs, bodyBlob)));
  return { html: textOf(value, 'html'), text: textOf(value, 'text') };
}

/**
 * A message's attachments with their bytes, in order. One that has none costs a query; ask only where a message may have some.
 *
 * @throws Error where blob storage has lost one
 */
export async function loadAttachments(
  { db, blobs }: { db: Db; blobs: BlobStore },
  messageId: string,
): Promise<LoadedAttachment[]> {
  const attachments = await listAttachments(db, messageId);
  return Promise.all(
    attachments.map(async ({ filename, contentType, contentId, blobKey }) => ({
      filename,
      contentType,
      contentId,
      bytes: await readBlob(blobs, blobKey),
    })),
  );
}

/** Everything that a message was given to carry: {@link loadBody} and {@link loadAttachments}. */
export async function loadContent(
  { db, blobs }: { db: Db; blobs: BlobStore },
  message: Pick<Message, 'id' | 'html' | 'text' | 'bodyBlob'>,
): Promise<MessageBody & { attachments: LoadedAttachment[] }> {
  const [body, attachments] = await Promise.all([
    loadBody(blobs, message),
    loadAttachments({ db, blobs }, message.id),
  ]);
  return { ...body, attachments };
}

async function readBlob(blobs: BlobStore, key: string): Promise<Uint8Array> {
  const bytes = await blobs.get(key);
  if (!bytes) throw new Error(`blob storage has nothing under ${key}`);
  return bytes;
}

function textOf(value: unknown, field: 'html' | 'text'): string | null {
  const text: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, field) : null;
  return typeof text === 'string' ? text : null;
}
