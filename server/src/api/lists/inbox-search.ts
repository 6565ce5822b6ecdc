import type { InboxFilter } from '../../lib/db/inbox.ts';

/** `to:ada`, `subject:"your order"`, or a word. */
const TERM = /(?:(to|subject|template|is):)?(?:"([^"]*)"|(\S+))/gi;
/** More would only make the question slower. */
const MAX_TERMS = 20;

/**
 * Reads what a person types: `to:`, `subject:` and `template:` look there, `is:unread` and `is:read` ask for a state, everything else
 * is a word that stands anywhere. All of it has to be met.
 */
export function parseInboxSearch(search: string): InboxFilter {
  const filter = {
    to: [] as string[],
    subject: [] as string[],
    template: [] as string[],
    words: [] as string[],
  };
  let isRead: boolean | undefined;
  for (const [, field, quoted, plain] of [...search.matchAll(TERM)].slice(0, MAX_TERMS)) {
    const term = quoted ?? plain ?? '';
    if (term === '') continue;
    const name = field?.toLowerCase();
    if (name === 'to' || name === 'subject' || name === 'template') filter[name].push(term);
    else if (name === 'is' && /^(un)?read$/i.test(term)) isRead = term.toLowerCase() === 'read';
    else filter.words.push(name === undefined ? term : `${name}:${term}`);
  }
  return { ...filter, ...(isRead === undefined ? {} : { isRead }) };
}
