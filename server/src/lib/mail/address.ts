import { domainToASCII } from 'node:url';

/** One mailbox. `email` is ASCII with a lower-case domain (IDN as punycode); `name` is Unicode text, never encoded. */
export type Address = { name: string | null; email: string };

/** Why a text is not an address; stable, to be switched on. */
export type AddressProblem =
  | 'empty'
  | 'too_long'
  | 'forbidden_character'
  | 'not_one_address'
  | 'bad_name'
  | 'name_too_long'
  | 'encoded_word'
  | 'bad_local_part'
  | 'non_ascii_local_part'
  | 'bad_domain';

export type ParsedAddress =
  | { ok: true; address: Address }
  | { ok: false; code: AddressProblem; reason: string };

const REASONS: Record<AddressProblem, string> = {
  empty: 'must not be empty',
  too_long: 'is too long for an address (64 characters before the @, 254 in all)',
  forbidden_character: 'must not hold line breaks, control characters or characters that reorder text',
  not_one_address: 'must be exactly one address, as in user@example.com or "Name" <user@example.com>',
  bad_name: 'must put a name with special characters in double quotes, as in "Doe, Jane" <user@example.com>',
  name_too_long: 'must not have a name of more than 200 characters',
  encoded_word: 'must give the name as plain Unicode text, not as an encoded word (=?...?=)',
  bad_local_part:
    "must have letters, digits or !#$%&'*+-/=?^_`{|}~ before the @, with single dots between them and no =?",
  non_ascii_local_part: 'must be ASCII before the @ (SMTPUTF8 is not supported)',
  bad_domain: 'must have a valid domain after the @, as in example.com',
};

// RFC 5321 section 4.5.3.1, with the 254 of RFC 3696 erratum 1690 (the path's 256 less its angle brackets).
const MAX_LOCAL_LENGTH = 64;
const MAX_EMAIL_LENGTH = 254;
const MAX_DOMAIN_LENGTH = 253;
const MAX_LABEL_LENGTH = 63;
const MAX_NAME_LENGTH = 200;
// Every character of a name may be escaped; nothing longer can be acceptable, so nothing longer is looked at.
const MAX_TEXT_LENGTH = 1000;

/**
 * What may appear nowhere: C0, DEL and C1 controls (line breaks and NUL inject headers and commands), the Unicode line
 * separators, which some parsers take for line breaks, the bidirectional overrides and isolates, which make one address
 * look like another, and the non-characters. Lone surrogates are looked for apart.
 */
const FORBIDDEN = /[\p{Cc}\p{Noncharacter_Code_Point}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;

// RFC 5322 atext; a quoted local part is refused: hardly a mailbox has one, and every parser reads it differently.
const DOT_ATOM = /^[\w!#$%&'*+\-/=?^`{|}~]+(?:\.[\w!#$%&'*+\-/=?^`{|}~]+)*$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
/**
 * What nearly every address looks like, in the form in which it is kept: one look instead of a dozen. Whatever is longer than this or
 * has anything else in it goes the long way.
 */
const PLAIN = /^[\w+-]+(?:\.[\w+-]+)*@(?:[a-z0-9]+(?:-+[a-z0-9]+)*\.)+[a-z]+$/;
const MAX_PLAIN_LENGTH = MAX_LOCAL_LENGTH;
const ASCII = /^\p{ASCII}*$/u;
// What an unquoted name may not hold: the specials of RFC 5322 but the dot, which people write ("Jane Q. Doe").
const NAME_SPECIALS = /[()<>[\]:;@\\,"]/;

/**
 * Reads exactly one address: `a@b.example`, `<a@b.example>`, `Name <a@b.example>` or `"Name, quoted" <a@b.example>`.
 * Lists, groups, comments, routes, quoted local parts and address literals are refused. Runs of spaces in a name count
 * as one. What is returned is safe in an SMTP command and, with its name encoded, in a header.
 */
export function parseAddress(text: string): ParsedAddress {
  if (text.length <= MAX_PLAIN_LENGTH && PLAIN.test(text))
    return { ok: true, address: { name: null, email: text } };
  if (text.length > MAX_TEXT_LENGTH) return refuse('too_long');
  if (!text.isWellFormed() || FORBIDDEN.test(text)) return refuse('forbidden_character');
  const trimmed = trimSpaces(text);
  if (trimmed === '') return refuse('empty');
  if (trimmed.startsWith('"')) return parseQuoted(trimmed);
  const open = trimmed.indexOf('<');
  if (open === -1) return parseMailbox({ email: trimmed, name: '' });
  const name = trimmed.slice(0, open);
  if (/[,;:@]/.test(name)) return refuse('not_one_address');
  if (NAME_SPECIALS.test(name)) return refuse('bad_name');
  return parseAngled({ angled: trimmed.slice(open), name });
}

/** The inverse of {@link parseAddress}, as a person would write it: Unicode, with the name quoted where it must be. */
export function formatAddress({ name, email }: Address): string {
  if (name === null) return email;
  if (!NAME_SPECIALS.test(name)) return `${name} <${email}>`;
  return `"${name.replace(/["\\]/g, '\\$&')}" <${email}>`;
}

/** The part after the @, in lower case and ASCII. */
export function domainOf({ email }: Pick<Address, 'email'>): string {
  return email.slice(email.lastIndexOf('@') + 1);
}

/** Reads a domain into its ASCII lower-case form; null where it is none. A single label (`localhost`) is one. */
export function parseDomain(text: string): string | null {
  if (text.length > MAX_DOMAIN_LENGTH || !text.isWellFormed() || FORBIDDEN.test(text)) return null;
  // IDNA processing would percent-decode and drop characters: whatever is ASCII has to be plain before it.
  if (/[^a-zA-Z0-9.\u0080-\u{10FFFF}-]/u.test(text)) return null;
  // ASCII stays out of the IDNA function, which reads 127.1 as an IPv4 address and rewrites it.
  const domain = ASCII.test(text) ? text.toLowerCase() : domainToASCII(text);
  if (domain === '' || domain.length > MAX_DOMAIN_LENGTH) return null;
  const labels = domain.split('.');
  if (!labels.every((label) => label.length <= MAX_LABEL_LENGTH && LABEL.test(label))) return null;
  // RFC 3696 section 2: a top-level domain is never all digits, so this is an IPv4 address.
  return /^\d+$/.test(labels.at(-1) ?? '') ? null : domain;
}

function parseQuoted(text: string): ParsedAddress {
  const quoted = /^"((?:[^"\\]|\\.)*)" *(?=<)/u.exec(text);
  if (!quoted) return refuse(text.includes('<') ? 'bad_name' : 'not_one_address');
  const name = (quoted[1] ?? '').replace(/\\(.)/gu, '$1');
  return parseAngled({ angled: text.slice(quoted[0].length), name });
}

function parseAngled({ angled, name }: { angled: string; name: string }): ParsedAddress {
  if (angled.indexOf('>') !== angled.length - 1) return refuse('not_one_address');
  return parseMailbox({ email: angled.slice(1, -1), name });
}

function parseMailbox({ email, name: rawName }: { email: string; name: string }): ParsedAddress {
  const name = trimSpaces(rawName).replace(/ {2,}/g, ' ');
  if (name.length > MAX_NAME_LENGTH) return refuse('name_too_long');
  // A mail client would decode it, and so show what was never checked.
  if (name.includes('=?')) return refuse('encoded_word');
  if (/[\s,;:<>()[\]\\"]/.test(email)) return refuse('not_one_address');
  const at = email.indexOf('@');
  if (at === -1 || at !== email.lastIndexOf('@')) return refuse('not_one_address');
  const local = email.slice(0, at);
  if (!ASCII.test(local)) return refuse('non_ascii_local_part');
  if (local.length > MAX_LOCAL_LENGTH) return refuse('too_long');
  // Legal, but readers that decode words before they split a list take it, and what follows, for an encoded word.
  if (!DOT_ATOM.test(local) || local.includes('=?')) return refuse('bad_local_part');
  const domain = parseDomain(email.slice(at + 1));
  if (domain === null) return refuse('bad_domain');
  if (local.length + 1 + domain.length > MAX_EMAIL_LENGTH) return refuse('too_long');
  return { ok: true, address: { name: name === '' ? null : name, email: `${local}@${domain}` } };
}

function refuse(code: AddressProblem): ParsedAddress {
  return { ok: false, code, reason: REASONS[code] };
}

// Only U+0020: trim() would take other white space for nothing, which strict parsing must see.
function trimSpaces(text: string): string {
  return text.replace(/^ +/, '').replace(/ +$/, '');
}
