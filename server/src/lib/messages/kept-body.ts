import { gunzipSync, gzipSync } from 'node:zlib';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { BlobStore } from '../blobs/blob-store.ts';
import type { Db } from '../db/database.ts';
import type { Message } from '../db/messages.ts';
import { renderHash } from './render-hash.ts';
import { type RenderableMessage, type RenderDeps, renderMessage } from './rendering.ts';

/** What a recipient was shown. */
export type SentBody = { subject: string; html: string | null; text: string | null };

const SentBodySchema = Type.Object({
  subject: Type.String(),
  html: Type.Union([Type.String(), Type.Null()]),
  text: Type.Union([Type.String(), Type.Null()]),
});

/** Keeps a body as it is about to be sent and tells where. */
export type BodyKeeper = (messageId: string, body: SentBody) => Promise<string>;

/**
 * Creates the keeper. A message has one place: what another attempt rendered differently (on a newer engine, say) replaces what was
 * there before it is handed over.
 */
export function createBodyKeeper({ blobs, db }: { blobs: BlobStore; db: Db }): BodyKeeper {
  return async (messageId, { subject, html, text }) => {
    const key = keptBodyKey(messageId);
    await blobs.put(key, gzipSync(JSON.stringify({ subject, html, text })), db);
    return key;
  };
}

/** The body as it was sent; null where it is not kept, or no longer. */
export async function readKeptBody(blobs: BlobStore, key: string | null): Promise<SentBody | null> {
  const bytes = key === null ? null : await blobs.get(key);
  if (bytes === null) return null;
  const body: unknown = JSON.parse(new TextDecoder().decode(gunzipSync(Buffer.from(bytes))));
  if (!Value.Check(SentBodySchema, body)) throw new Error('a kept body is not one');
  return body;
}

export type ReadContent =
  /** `isExact`: these are the bytes that were sent; before the hand-over nothing has been. */
  { ok: true; body: SentBody; isExact: boolean } | { ok: false; message: string };

/**
 * What a message says: rendered again, and where that does not give what was sent (another engine, a template that fails now) the body
 * that was kept.
 */
export async function readContent(
  { blobs, ...deps }: RenderDeps & { blobs: BlobStore | null },
  message: RenderableMessage & Pick<Message, 'renderHash' | 'keptBodyBlob'>,
): Promise<ReadContent> {
  const rendering = await renderMessage(deps, message);
  const isExact = rendering.ok && rendering.rendered.hash === message.renderHash;
  if (!isExact && blobs) {
    const kept = await readKeptBody(blobs, message.keptBodyBlob);
    // A later attempt may have put another body there and died before it was handed over.
    if (kept && renderHash(kept) === message.renderHash) return { ok: true, body: kept, isExact: true };
  }
  if (!rendering.ok) return { ok: false, message: rendering.message };
  const { subject, html, text } = rendering.rendered;
  return { ok: true, body: { subject, html, text }, isExact };
}

/** Where a message's body as it is sent is kept. */
export function keptBodyKey(messageId: string): string {
  return `kept/${messageId}`;
}
