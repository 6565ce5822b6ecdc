import type { TemplateSources } from '../template-sources.ts';
import { CSS_SUPPORT } from './css-support.ts';
import { findPlace } from './find-place.ts';
import type { TemplateWarning } from './warning.ts';

/** What clients ignore of the styles that a rendered mail holds, each feature once. */
export function findCssWarnings(html: string, sources: TemplateSources): TemplateWarning[] {
  const used = [...collectFeatures(html)].filter((name) => Object.hasOwn(CSS_SUPPORT, name)).toSorted();
  return used.map((name) => {
    const { file, line } = findPlace(sources, patternOf(name));
    const message = `${name} is ignored by ${(CSS_SUPPORT[name] ?? []).join(', ')}`;
    return { code: 'css_unsupported', message, file, line };
  });
}

function collectFeatures(html: string): ReadonlySet<string> {
  const names = new Set<string>();
  let sheet = '';
  new HTMLRewriter()
    .on('[style]', { element: (element) => addDeclarations(element.getAttribute('style') ?? '', names) })
    .on('style', { text: (chunk) => void (sheet += chunk.text) })
    .transform(html);
  for (const [, rule = ''] of sheet.matchAll(/(@[a-z-]+)/g)) names.add(rule);
  // every declaration stands between two of these, whatever rule it is in
  for (const part of sheet.split(/[{}]/)) addDeclarations(part, names);
  return names;
}

function addDeclarations(text: string, names: Set<string>): void {
  for (const declaration of text.split(';')) {
    const colon = declaration.indexOf(':');
    if (colon < 0) continue;
    const property = declaration.slice(0, colon).trim().toLowerCase();
    const value = declaration
      .slice(colon + 1)
      .trim()
      .toLowerCase();
    names.add(property).add(`${property}:${value}`);
    for (const call of value.matchAll(/(?<![a-z-])([a-z-]+)\(/g)) names.add(`${call[1]}()`);
  }
}

/** A style object's name of a property, its name in a style sheet, or a function's; classes are not traced. */
function patternOf(name: string): string | RegExp {
  const word = name.replace(/[:(].*$/, '');
  if (!/^[a-z-]+$/.test(word)) return word;
  const camel = word.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return name.endsWith('()') ? `${word}(` : new RegExp(`(?<![\\w-])(?:${camel}|${word})['"]?\\s?:`);
}
