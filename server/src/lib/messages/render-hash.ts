import { createHash } from 'node:crypto';

/**
 * SHA-256 of what a recipient sees; two renderings with the same hash are the same mail. Each part comes with its length, so that
 * no text can move from one into the next.
 */
export function renderHash({
  subject,
  html,
  text,
}: {
  subject: string;
  html: string | null;
  text: string | null;
}): string {
  const lengths = [subject, html, text].map((part) => part?.length ?? 'none').join(' ');
  return createHash('sha256')
    .update(`${lengths}\n${subject}`)
    .update(html ?? '')
    .update(text ?? '')
    .digest('hex');
}
