import { isHeaderText } from './header-text.ts';

const MAX_FILENAME_LENGTH = 255;
const MAX_TYPE_LENGTH = 200;
const MAX_CONTENT_ID_LENGTH = 200;

// A reader would see "cod\u202Egpj.exe" end in "exe.jpg" reversed, or the other way round.
const REORDERS_TEXT = /[\u202A-\u202E\u2066-\u2069]/;
// RFC 6838 section 4.2; multipart has to be made of parts, and only the composer makes those.
const MEDIA_TYPE =
  /^(?!multipart\/)[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*(?: ?; ?[a-z0-9-]+=(?:[a-z0-9!#$&^_.+-]+|"[ !#-[\]-~]*"))*$/i;
// RFC 2392 takes what RFC 5322 allows between the brackets of a Message-ID; the part after the @ is left out by many.
const CONTENT_ID = /^[\w!#$%&'*+\-/=?^`{|}~.]+(?:@[\w!#$%&'*+\-/=?^`{|}~.]+)?$/;

/** The names of an attachment: all of it that reaches a header. */
export type AttachmentNames = { filename: string; contentType: string; contentId: string | null };

/** Checks what of an attachment reaches a header; returns what is wrong, beginning with the field's name, or null. */
export function checkAttachment({ filename, contentType, contentId }: AttachmentNames): string | null {
  if (filename.trim() === '' || filename.length > MAX_FILENAME_LENGTH)
    return `filename must have 1 to ${MAX_FILENAME_LENGTH} characters`;
  if (!isHeaderText(filename) || REORDERS_TEXT.test(filename))
    return 'filename must not hold line breaks, control characters or characters that reorder text';
  // Readers decode it, also where RFC 2047 forbids that.
  if (filename.includes('=?')) return 'filename must be plain Unicode text, not an encoded word (=?...?=)';
  if (contentType.length > MAX_TYPE_LENGTH || !MEDIA_TYPE.test(contentType))
    return 'contentType must be a media type such as application/pdf, and not multipart';
  if (contentId === null) return null;
  return contentId.length <= MAX_CONTENT_ID_LENGTH && CONTENT_ID.test(contentId)
    ? null
    : 'contentId must be letters, digits and punctuation without spaces or brackets, as in logo@acme';
}
