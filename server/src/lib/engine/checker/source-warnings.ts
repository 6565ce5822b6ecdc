import type { TemplateSources } from '../template-sources.ts';
import { isSearchable, lineAt } from './find-place.ts';
import type { TemplateWarning } from './warning.ts';

/** What react-email's components fill in where an author wrote nothing, so that the html does not show it. */
const WANTED = [
  {
    tag: 'Html',
    attribute: 'lang',
    code: 'lang_missing',
    message: 'Without a language screen readers take it for English: <Html lang="...">',
  },
  {
    tag: 'Img',
    attribute: 'alt',
    code: 'image_without_alt',
    message: 'An <Img> has no alt; alt="" says that it is decoration',
  },
] as const;

const MAX_TAG_LENGTH = 2000;
const MAX_TAGS = 50;

/** Attributes that are missing where a component stands in the sources. */
export function findSourceWarnings({ files }: TemplateSources): TemplateWarning[] {
  return Object.entries(files).flatMap(([file, source]) => {
    if (file.endsWith('.json') || !isSearchable(source)) return [];
    return WANTED.flatMap(({ tag, attribute, code, message }) =>
      findTags(source, tag)
        .filter(({ text }) => !new RegExp(`\\s${attribute}\\b|\\{\\s*\\.\\.\\.`).test(text))
        .map(({ index }): TemplateWarning => ({ code, message, file, line: lineAt(source, index) })),
    );
  });
}

function findTags(source: string, tag: string): { index: number; text: string }[] {
  const starts = [...source.matchAll(new RegExp(`<${tag}(?=[\\s/>])`, 'g'))].slice(0, MAX_TAGS);
  return starts.map(({ index }) => ({
    index,
    text: readTag(source.slice(index, index + MAX_TAG_LENGTH)),
  }));
}

/** An opening tag: up to the first `>` that is in no braces, for expressions may hold arrows and comparisons. */
function readTag(text: string): string {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    else if (character === '>' && depth === 0) return text.slice(0, index);
  }
  return text;
}
