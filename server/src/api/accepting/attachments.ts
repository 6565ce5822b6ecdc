import { attachmentBlobKey } from '../../lib/blobs/message-content.ts';
import type { NewAttachment } from '../../lib/db/messages.ts';
import { checkAttachment } from '../../lib/mail/attachment.ts';
import { ApiError, type ProblemDetail } from '../problems/problem.ts';
import type { SendMessageRequest } from '../schemas.ts';

/** An attachment whose bytes are still to be kept. */
export type ParsedAttachment = { facts: NewAttachment; bytes: Uint8Array };

type GivenAttachment = NonNullable<SendMessageRequest['attachments']>[number];

const UNKNOWN_TYPE = 'application/octet-stream';

/**
 * Decodes and checks the attachments of one message, and names every wrong one at once.
 *
 * @throws ApiError `invalid_request`, or `body_too_large` where they are too large together
 */
export function parseAttachments(
  given: readonly GivenAttachment[],
  { messageId, maxBytes }: { messageId: string; maxBytes: number },
): ParsedAttachment[] {
  const errors = given.flatMap((attachment, index) => checkFacts(attachment, `/attachments/${index}`));
  errors.push(...findRepeatedIds(given));
  const parsed = given.flatMap((attachment, position): ParsedAttachment[] => {
    const bytes = decodeBase64(attachment.content);
    if (bytes) return [{ facts: toFacts(attachment, { messageId, position, bytes }), bytes }];
    errors.push({
      path: `/attachments/${position}/content`,
      message: 'must be standard base64 with padding and without line breaks',
    });
    return [];
  });
  if (errors.length > 0)
    throw new ApiError('invalid_request', 'An attachment is not acceptable.', { errors });
  const size = parsed.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  if (size > maxBytes)
    throw new ApiError('body_too_large', `The attachments of a message may have ${maxBytes} bytes at most.`);
  return parsed;
}

function toFacts(
  { filename, contentType, contentId }: GivenAttachment,
  { messageId, position, bytes }: { messageId: string; position: number; bytes: Uint8Array },
): NewAttachment {
  return {
    filename,
    contentType: contentType ?? guessType(filename),
    contentId: contentId ?? null,
    sizeBytes: bytes.byteLength,
    blobKey: attachmentBlobKey(messageId, position),
  };
}

/** By the file's extension; nothing is opened for it. */
function guessType(filename: string): string {
  return Bun.file(filename).type.split(';')[0] || UNKNOWN_TYPE;
}

/** Exactly what the composer will take, so that nothing is accepted that cannot be sent. */
function checkFacts({ filename, contentType, contentId }: GivenAttachment, path: string): ProblemDetail[] {
  if (/[/\\]/.test(filename)) return [{ path: `${path}/filename`, message: 'must not hold slashes' }];
  const names = { filename, contentType: contentType ?? UNKNOWN_TYPE, contentId: contentId ?? null };
  const problem = checkAttachment(names);
  if (problem === null) return [];
  const [field = '', ...message] = problem.split(' ');
  return [{ path: `${path}/${field}`, message: message.join(' ') }];
}

function findRepeatedIds(given: readonly GivenAttachment[]): ProblemDetail[] {
  const seen = new Set<string>();
  return given.flatMap(({ contentId }, index) => {
    if (contentId === undefined) return [];
    const isRepeated = seen.has(contentId);
    seen.add(contentId);
    return isRepeated
      ? [{ path: `/attachments/${index}/contentId`, message: "is another attachment's" }]
      : [];
  });
}

/** Null for anything but the alphabet of RFC 4648 section 4 in whole, padded groups. */
function decodeBase64(text: string): Uint8Array | null {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64', lastChunkHandling: 'strict' });
    // The decoder skips white space; the length tells that there was some.
    return bytes.length === (text.length / 4) * 3 - padding ? bytes : null;
  } catch {
    return null;
  }
}
