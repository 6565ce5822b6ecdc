import { useMemo } from 'preact/hooks';

type MailLink = { text: string; href: string };

/** Only these may be followed from here: an address such as `javascript:` is shown, and does nothing. */
const FOLLOWABLE = /^(?:https?|mailto):/i;

/** Where the mail leads: a frame follows no link, so that no mail can take the page along. */
export function LinksTab({ links }: { links: readonly MailLink[] }) {
  return (
    <ul class="files">
      {links.map(({ text, href }, index) => (
        <li key={index} class="link-line">
          <span class="file-name">{text}</span>
          {FOLLOWABLE.test(href) ? (
            <a class="mono" href={href} target="_blank" rel="noopener noreferrer">
              {href}
            </a>
          ) : (
            <span class="mono soft">{href}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The links of a mail's html, in order. */
export function useLinks(html: string | null): MailLink[] {
  return useMemo(() => (html === null ? [] : findLinks(html)), [html]);
}

/** What this parser makes runs no script and loads nothing. */
function findLinks(html: string): MailLink[] {
  const links = new DOMParser().parseFromString(html, 'text/html').querySelectorAll('a[href], area[href]');
  return [...links].map((link) => {
    const href = link.getAttribute('href')?.trim() ?? '';
    const text = link.textContent?.replaceAll(/\s+/g, ' ').trim() || link.querySelector('img')?.alt || '';
    return { href, text: text === '' ? 'Without words' : text };
  });
}
