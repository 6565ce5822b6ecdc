/** Enough for any provider's words; a template can throw a text of any length. */
const MAX_LENGTH = 2000;

/**
 * Foreign words (a provider's, a template's) as the database can keep them: PostgreSQL refuses NUL and half of a surrogate
 * pair, and a refused row would leave the message without its outcome.
 */
export function toStorableText(text: string): string {
  return text
    .slice(0, MAX_LENGTH)
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g, '\uFFFD');
}
