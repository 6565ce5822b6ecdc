import type { TemplateSources } from '../template-sources.ts';
import { findPlace } from './find-place.ts';
import type { TemplateWarning } from './warning.ts';

/** Where Gmail cuts a mail off and shows "[Message clipped]". */
const GMAIL_CLIP_BYTES = 102 * 1024;

const MAX_FOUND = 200;

type Found = { code: TemplateWarning['code']; message: string; wanted: string | RegExp };

/** What can be said of a rendered mail's images, links and frame. */
export function findHtmlWarnings(html: string, sources: TemplateSources): TemplateWarning[] {
  return readHtml(html).map(({ code, message, wanted }) => {
    const { file, line } = findPlace(sources, wanted);
    return { code, message, file, line };
  });
}

/** A mail that Gmail would not show whole; no one place is to blame. */
export function findSizeWarning(html: string): TemplateWarning[] {
  const bytes = Buffer.byteLength(html);
  if (bytes <= GMAIL_CLIP_BYTES) return [];
  const message = `The html has ${Math.ceil(bytes / 1024)} KB; Gmail cuts a mail off at 102 KB`;
  return [{ code: 'html_too_large', message, file: null, line: null }];
}

function readHtml(html: string): Found[] {
  const found = new Map<string, Found>();
  const add = (code: Found['code'], message: string, wanted: string | RegExp): void => {
    const key = `${code} ${message}`;
    if (found.size < MAX_FOUND && !found.has(key)) found.set(key, { code, message, wanted });
  };
  let hasLang = false;
  let hasPreview = false;
  const link = { href: '', hasText: false };
  const tables: { isData: boolean }[] = [];

  const checkImage = (image: HTMLRewriterTypes.Element): void => {
    const src = image.getAttribute('src') ?? '';
    const alt = image.getAttribute('alt');
    // `alt=""` is right for decoration, but it gives a link no text
    if (alt === null) add('image_without_alt', `The image ${quote(src)} has no alt`, src || /<(?:img|Img)\b/);
    if (alt?.trim()) link.hasText = true;
    if (!/^(?:https?:\/\/|cid:|data:)/i.test(src))
      add('image_relative', `The image ${quote(src)} has no absolute URL`, src || /<(?:img|Img)\b/);
    if (/^http:/i.test(src)) add('insecure_url', `The image ${quote(src)} is not loaded over https`, src);
  };
  const checkLink = (anchor: HTMLRewriterTypes.Element): void => {
    link.href = anchor.getAttribute('href') ?? '';
    link.hasText = (anchor.getAttribute('aria-label') ?? '').trim() !== '';
    const { href } = link;
    if (/^http:/i.test(href)) add('insecure_url', `The link to ${quote(href)} is not https`, href);
    anchor.onEndTag(() => {
      if (!link.hasText)
        add('link_without_text', `The link to ${quote(href)} has no text`, href || /<(?:a|Link|Button)\b/);
    });
  };

  const checkTable = (table: HTMLRewriterTypes.Element): void => {
    const opened = { isData: table.getAttribute('role') !== null };
    tables.push(opened);
    table.onEndTag(() => {
      tables.pop();
      if (opened.isData) return;
      const message = 'A table without role or <th>: screen readers count its rows and cells aloud';
      add('table_without_role', message, /<table\b/);
    });
  };
  const noteHeading = (): void => {
    const inner = tables.at(-1);
    if (inner) inner.isData = true;
  };

  new HTMLRewriter()
    .on('html', { element: (root) => void (hasLang ||= (root.getAttribute('lang') ?? '') !== '') })
    .on('[data-skip-in-text]', { element: () => void (hasPreview = true) })
    .on('a', {
      element: checkLink,
      text: (chunk) => void (link.hasText ||= chunk.text.trim() !== ''),
    })
    .on('img', { element: checkImage })
    .on('table', { element: checkTable })
    .on('th', { element: noteHeading })
    .transform(html);
  if (!hasLang) add('lang_missing', 'Screen readers need a language: <Html lang="en">', /<(?:Html|html)\b/);
  if (!hasPreview)
    add(
      'preview_missing',
      'Without <Preview> an inbox shows the first words of the mail',
      /<(?:Body|body)\b/,
    );
  return [...found.values()];
}

function quote(url: string): string {
  return JSON.stringify(url.length > 80 ? `${url.slice(0, 80)}...` : url);
}
