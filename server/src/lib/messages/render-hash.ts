import { createHash } from 'node:crypto';

/** SHA-256 of what a recipient sees; two renderings with the same hash are the same mail. */
export function renderHash({
  subject,
  html,
  text,
}: {
  subject: string;
  html: string | null;
  text: string | null;
}): string {
  return createHash('sha256')
    .update(JSON.stringify([subject, html, text]))
    .digest('hex');
}
