/** What is wrong with a custom header; `reason` reads after the header's name. */
export type HeaderProblem = { name: string; code: HeaderProblemCode; reason: string };

export type HeaderProblemCode =
  | 'too_many'
  | 'bad_name'
  | 'reserved_name'
  | 'repeated_name'
  | 'forbidden_character'
  | 'encoded_word'
  | 'too_long'
  | 'line_too_long';

const MAX_HEADERS = 50;
const MAX_NAME_LENGTH = 76;
const MAX_SUBJECT_LENGTH = 998;
const MAX_VALUE_LENGTH = 4000;
// RFC 5322 section 2.1.1 ends a line at 998 characters, and a line is only ever folded at a space.
const MAX_WORD_LENGTH = 900;

// A line break or NUL starts a header or command of its own; some parsers take U+2028, U+2029 and NEL for a line break.
const FORBIDDEN = /[\p{Cc}\u2028\u2029]/u;

// RFC 5322 section 2.2: printable ASCII without the colon; narrowed to what header names are really made of.
const NAME = /^[a-z0-9][a-z0-9_-]*$/i;

/** Set by the composer or by the servers on the way; two of them, or a caller's own, would mislead or reroute. */
const RESERVED_NAMES = new Set([
  'apparently-to',
  'authentication-results',
  'bcc',
  'cc',
  'date',
  'delivered-to',
  'dkim-signature',
  'domainkey-signature',
  'envelope-to',
  'from',
  'message-id',
  'mime-version',
  'received',
  'received-spf',
  'reply-to',
  'return-path',
  'return-receipt-to',
  'sender',
  'subject',
  'to',
  'x-mail-message-id',
  'x-original-to',
  // Commands to relays rather than text for readers: SendGrid's can even add recipients.
  'x-smtpapi',
]);
const RESERVED_PREFIXES = ['arc-', 'content-', 'resent-', 'x-mailgun-', 'x-mc-', 'x-mj-', 'x-pm-', 'x-ses-'];

/** True where a text may stand in a header: well-formed Unicode without line breaks or control characters. */
export function isHeaderText(text: string): boolean {
  return text.isWellFormed() && !FORBIDDEN.test(text);
}

/** True for a name that a header may have at all, reserved or not. */
export function isHeaderName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && NAME.test(name);
}

/** Checks a subject; returns what is wrong with it as the end of a sentence, or null. */
export function checkHeaderText(text: string): string | null {
  if (!isHeaderText(text)) return REASONS.forbidden_character;
  return text.length > MAX_SUBJECT_LENGTH ? `must not be longer than ${MAX_SUBJECT_LENGTH} characters` : null;
}

/**
 * Checks the headers that a caller wants besides those of the message, and returns every problem. Names that the
 * composer sets, that servers set on the way or that give orders to a relay are reserved; `List-Unsubscribe` and
 * `List-Unsubscribe-Post` are the caller's to set.
 */
export function checkCustomHeaders(headers: Readonly<Record<string, string>>): HeaderProblem[] {
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) {
    return [{ name: entries[MAX_HEADERS]?.[0] ?? '', code: 'too_many', reason: REASONS.too_many }];
  }
  const seen = new Set<string>();
  return entries.flatMap(([name, value]) => {
    const key = name.toLowerCase();
    const code = seen.has(key) ? 'repeated_name' : (findNameProblem(key) ?? findValueProblem(value));
    seen.add(key);
    return code === null ? [] : [{ name, code, reason: REASONS[code] }];
  });
}

const REASONS: Record<HeaderProblemCode, string> = {
  too_many: `is one too many: ${MAX_HEADERS} headers are the limit`,
  bad_name: `must be named with letters, digits, - and _, at most ${MAX_NAME_LENGTH}`,
  reserved_name: 'is set by the service or by mail servers, not by callers',
  repeated_name: 'is given twice in different case',
  forbidden_character: 'must not hold line breaks or control characters',
  encoded_word: 'must be plain Unicode text, not an encoded word (=?...?=)',
  too_long: `must not be longer than ${MAX_VALUE_LENGTH} characters`,
  line_too_long: `must have a space at least every ${MAX_WORD_LENGTH} characters`,
};

function findNameProblem(key: string): HeaderProblemCode | null {
  if (!isHeaderName(key)) return 'bad_name';
  const isReserved = RESERVED_NAMES.has(key) || RESERVED_PREFIXES.some((prefix) => key.startsWith(prefix));
  return isReserved ? 'reserved_name' : null;
}

function findValueProblem(value: string): HeaderProblemCode | null {
  if (!isHeaderText(value)) return 'forbidden_character';
  if (value.includes('=?')) return 'encoded_word';
  if (value.length > MAX_VALUE_LENGTH) return 'too_long';
  return value.split(' ').some((word) => word.length > MAX_WORD_LENGTH) ? 'line_too_long' : null;
}
