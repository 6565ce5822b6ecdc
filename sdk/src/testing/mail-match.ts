/** Which mail is meant; what is left out fits every mail. */
export type MailMatch = {
  /** An address among the recipients, without a name. */
  to?: string;
  /** The template's name, without its version. */
  template?: string;
  /** The whole subject, or a pattern in it. */
  subject?: string | RegExp;
};

/** What is known of a mail, as far as it can be asked for. */
export type Matchable = { to: readonly string[]; template: string | null; subject: string | null };

/** Whether a mail is meant. */
export function isMatch(mail: Matchable, { to, template, subject }: MailMatch): boolean {
  if (to !== undefined && !mail.to.map(toEmail).includes(toEmail(to))) return false;
  if (template !== undefined && mail.template?.split('@')[0] !== template) return false;
  if (subject === undefined) return true;
  // Searched and not tested: a pattern with the flag g remembers where it was.
  return typeof subject === 'string' ? mail.subject === subject : (mail.subject ?? '').search(subject) !== -1;
}

/** A few words that say which mail is meant. */
export function describeMatch(match: MailMatch): string {
  const entries = Object.entries(match).filter(([, value]) => value !== undefined);
  return entries.length === 0
    ? 'any mail'
    : `a mail with ${entries.map(([name, value]) => `${name} ${String(value)}`).join(', ')}`;
}

/** `Ada <Ada@Example.com>` and `ada@example.com` are one address to a test. */
export function toEmail(address: string): string {
  return (/<([^>]*)>\s*$/.exec(address)?.[1] ?? address).trim().toLowerCase();
}
