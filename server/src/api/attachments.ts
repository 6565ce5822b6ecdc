import { attachmentBlobKey } from '../lib/blobs/message-content.ts';
import type { NewAttachment } from '../lib/db/messages.ts';
import { isHeaderText } from '../lib/mail/header-text.ts';
import { ApiError, type ProblemDetail } from './problem.ts';
import type { SendMessageRequest } from './schemas.ts';

/** An attachment whose bytes are still to be kept. */
export type ParsedAttachment = { facts: NewAttachment; bytes: Uint8Array };

type GivenAttachment = NonNullable<SendMessageRequest['attachments']>[number];

const TOKEN = '[A-Za-z0-9!#$&^_.+-]+';
// RFC 2045 section 5.1, without quoted parameter values, which nobody needs here.
const CONTENT_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(; ?${TOKEN}=${TOKEN})*$`);
/** What has parts of its own may not be encoded in base64 (RFC 2046 sections 5.1 and 5.2). */
const STRUCTURED = /^(multipart|message)\//i;
const CONTENT_ID = /^[A-Za-z0-9._@+-]{1,128}$/;
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
  const type = Bun.file(filename).type.split(';')[0] ?? '';
  return CONTENT_TYPE.test(type) && !STRUCTURED.test(type) ? type : UNKNOWN_TYPE;
}

function checkFacts({ filename, contentType, contentId }: GivenAttachment, path: string): ProblemDetail[] {
  const errors: ProblemDetail[] = [];
  if (!isHeaderText(filename) || /[/\\]/.test(filename))
    errors.push({
      path: `${path}/filename`,
      message: 'must be a name without slashes and control characters',
    });
  if (contentType !== undefined && (!CONTENT_TYPE.test(contentType) || STRUCTURED.test(contentType)))
    errors.push({ path: `${path}/contentType`, message: 'must be a media type such as application/pdf' });
  if (contentId !== undefined && !CONTENT_ID.test(contentId))
    errors.push({ path: `${path}/contentId`, message: 'must be 1 to 128 of A-Z, a-z, 0-9 and ._@+-' });
  return errors;
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
