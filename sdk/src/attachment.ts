import { MailError } from './mail-error.ts';
import type { MessageBody } from './types.ts';

/** What an attachment's bytes may come as. A text is base64 already. Node's streams are iterables of bytes. */
export type AttachmentContent =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

type AttachmentFacts = {
  /** Default: the name of the file. */
  filename?: string;
  /** Default: the file's own, or else what the name says. */
  contentType?: string;
  /** Makes it inline: what `cid:` in the html names. */
  contentId?: string;
};

/** A `File` as it is, bytes with a name, or (where there is a file system) a path. */
export type AttachmentInput =
  | File
  | (AttachmentFacts & { content: AttachmentContent; path?: never })
  | (AttachmentFacts & { path: string; content?: never });

type WireAttachment = NonNullable<MessageBody['attachments']>[number];

/**
 * Reads an attachment to its end and encodes it as the API takes it.
 *
 * @throws MailError `invalid_argument` where it has no name, or cannot be read
 *
 * @internal
 */
export async function toWireAttachment(input: AttachmentInput): Promise<WireAttachment> {
  if (isBlob(input)) return toWireAttachment({ content: input });
  const { content, filename = nameOf(input), contentType = typeOf(content), contentId } = input;
  if (!filename) throw invalid('An attachment needs a filename.');
  const encoded = typeof content === 'string' ? content : toBase64(await readBytes(input));
  return {
    filename,
    content: encoded,
    ...(contentType ? { contentType } : {}),
    ...(contentId === undefined ? {} : { contentId }),
  };
}

type Described = Exclude<AttachmentInput, File>;

function nameOf({ content, path }: Described): string | undefined {
  if (path !== undefined) return path.split(/[\\/]/).at(-1);
  return isBlob(content) && 'name' in content && typeof content.name === 'string' ? content.name : undefined;
}

function typeOf(content: AttachmentContent | undefined): string | undefined {
  return isBlob(content) ? content.type : undefined;
}

async function readBytes({ content, path }: Described): Promise<Uint8Array> {
  if (path !== undefined) return readPath(path);
  if (content instanceof Uint8Array) return content;
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (isBlob(content)) return new Uint8Array(await content.arrayBuffer());
  if (content instanceof ReadableStream) return new Uint8Array(await new Response(content).arrayBuffer());
  if (isIterable(content)) return new Uint8Array(await new Blob(await collect(content)).arrayBuffer());
  throw invalid("An attachment's content must be bytes, a Blob, a stream or base64 text.");
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  // Copied: a stream may use its buffer again.
  for await (const part of content) parts.push(new Uint8Array(part));
  return parts;
}

async function readPath(path: string): Promise<Uint8Array> {
  // Asked of the process and not imported: bundlers for runtimes without files would stumble over the import.
  const files = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:fs/promises');
  if (!files) throw invalid('This runtime has no files to attach by path; pass the content instead.');
  try {
    return await files.readFile(path);
  } catch (error) {
    throw new MailError({
      code: 'invalid_argument',
      message: `The attachment ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
}

function toBase64(bytes: Uint8Array): string {
  if (typeof Buffer !== 'undefined') {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  }
  // In pieces: a function takes only so many arguments.
  let text = '';
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(text);
}

function isBlob(value: unknown): value is Blob {
  return typeof Blob !== 'undefined' && value instanceof Blob;
}

function isIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function invalid(message: string): MailError {
  return new MailError({ code: 'invalid_argument', message });
}
