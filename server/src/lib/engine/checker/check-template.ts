import type { TemplateSources } from '../template-sources.ts';
import { findClassWarnings } from './class-warnings.ts';
import { findCssWarnings } from './css-warnings.ts';
import { findHtmlWarnings, findSizeWarning } from './html-warnings.ts';
import { findSourceWarnings } from './source-warnings.ts';
import { findTranslationWarnings } from './translation-warnings.ts';
import type { TemplateWarning } from './warning.ts';

/** More than anybody reads, and a bound for a template that is nothing but warnings. */
const MAX_WARNINGS = 100;

/** A mail of this size has one thing wrong with it that matters; reading it on the API's thread would be another. */
const MAX_READ_LENGTH = 1024 * 1024;

/**
 * The one checker of templates: what is likely to look or work otherwise than its author means, in mail that can be sent
 * all the same. `html` is the template rendered with its own `PreviewProps`.
 */
export function checkTemplate({
  html,
  sources,
}: {
  html: string;
  sources: TemplateSources;
}): TemplateWarning[] {
  const read = html.slice(0, MAX_READ_LENGTH);
  const found = [
    ...findSizeWarning(html),
    ...findHtmlWarnings(read, sources),
    ...findSourceWarnings(sources),
    ...findCssWarnings(read, sources),
    ...findClassWarnings(sources),
    ...findTranslationWarnings(sources),
  ];
  const distinct = new Map(found.map((warning) => [JSON.stringify(warning), warning]));
  return [...distinct.values()].slice(0, MAX_WARNINGS);
}
