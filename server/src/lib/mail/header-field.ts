import type { Address } from './address.ts';

// RFC 5322 section 2.1.1 asks for 78, RFC 2047 section 2 for 76 wherever a line has an encoded word.
const MAX_LINE_LENGTH = 76;
// No line may pass 998 bytes: what has no space for so long is encoded, which can be cut anywhere.
const MAX_WORD_LENGTH = 900;
// 48 characters of base64, 60 with what stands around them: beside a usual header's name it still fits the line.
const ENCODED_WORD_BYTES = 36;

// Words of RFC 5322 atoms, with single spaces between them; everything else in a name is quoted or encoded.
const PHRASE = /^[\w!#$%&'*+\-/=?^`{|}~]+(?: [\w!#$%&'*+\-/=?^`{|}~]+)*$/;
const PRINTABLE_ASCII = /^[ -~]*$/;

/**
 * A field of text, such as Subject. It is encoded (RFC 2047) only where it has to be: a custom field may have a structure,
 * such as a list of ids, that encoding would hide from software. Spaces around the text are dropped, as readers do.
 */
export function toTextField(name: string, value: string): string {
  const text = value.trim();
  // A space that follows a space stays with the next word, so that no line is made of white space alone.
  const words = text.split(/(?<=[^ ]) /);
  const isKept = isPlain(text) && words.every((word) => word.length <= MAX_WORD_LENGTH);
  return fold(name, isKept ? words : encodeWords(text));
}

/** A field of mailboxes, such as To. The addresses must have been checked; their names may be any text. */
export function toAddressField(name: string, addresses: readonly Address[]): string {
  const last = addresses.length - 1;
  return fold(
    name,
    addresses.flatMap((address, index) => toMailbox(address, index === last ? '' : ',')),
  );
}

/** A field with a value of one word, which is left alone. */
export function toRawField(name: string, value: string): string {
  return `${name}: ${value}\r\n`;
}

/** Text that only looks like an encoded word would be decoded by a reader, to something that nobody checked. */
function isPlain(text: string): boolean {
  return PRINTABLE_ASCII.test(text) && !text.includes('=?');
}

function toMailbox({ name, email }: Address, comma: string): string[] {
  if (name === null || name === '') return [email + comma];
  return [...toPhrase(name), `<${email}>${comma}`];
}

function toPhrase(name: string): string[] {
  if (!isPlain(name)) return encodeWords(name);
  if (PHRASE.test(name)) {
    const words = name.split(' ');
    return words.every((word) => word.length < MAX_LINE_LENGTH) ? words : encodeWords(name);
  }
  const quoted = `"${name.replace(/["\\]/g, '\\$&')}"`;
  // Folding inside quotes is legal and often undone wrongly.
  return quoted.length < MAX_LINE_LENGTH ? [quoted] : encodeWords(name);
}

/** Encoded words of whole characters (RFC 2047 section 5); readers drop the white space between them. */
function encodeWords(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const words: string[] = [];
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    end = Math.min(start + ENCODED_WORD_BYTES, bytes.length);
    while (end < bytes.length && isInsideCharacter(bytes, end)) end -= 1;
    words.push(`=?UTF-8?B?${bytes.toString('base64', start, end)}?=`);
  }
  return words;
}

function isInsideCharacter(bytes: Uint8Array, index: number): boolean {
  return ((bytes[index] ?? 0) & 0xc0) === 0x80;
}

/** Puts words on lines. A first word that is too long for any line stays beside the name, which some readers expect. */
function fold(name: string, words: readonly string[]): string {
  let field = `${name}:`;
  let length = field.length;
  for (const [index, word] of words.entries()) {
    const isOver = length + 1 + word.length > MAX_LINE_LENGTH;
    if (isOver && (index > 0 || word.length < MAX_LINE_LENGTH)) {
      field += '\r\n';
      length = 0;
    }
    field += ` ${word}`;
    length += 1 + word.length;
  }
  return `${field}\r\n`;
}
