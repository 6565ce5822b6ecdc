/** Beyond this nobody reads a mail, and few words are only there. */
const MAX_CHARS = 10_000;
/** What is looked at to find that much in html. */
const MAX_MARKUP_CHARS = 200_000;

/**
 * What a mail says, in one line, for searching and for a glimpse of it; null where it says nothing. Of html only the tags are taken
 * away: it is looked through, never shown.
 */
export function toSearchText({ html, text }: { html: string | null; text: string | null }): string | null {
  const words = (text ?? withoutTags(html ?? ''))
    .slice(0, MAX_CHARS)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  return words === '' ? null : words;
}

function withoutTags(html: string): string {
  const body = html.slice(0, MAX_MARKUP_CHARS);
  const start = body.search(/<body/i);
  // Neither part looks further than the next bracket, so that no html makes it slow.
  return body
    .slice(Math.max(start, 0))
    .replaceAll(/<[^<>]*>/g, ' ')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&');
}
