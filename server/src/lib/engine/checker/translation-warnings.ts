import type { TemplateSources } from '../template-sources.ts';
import { defaultLocale, localeFiles, type LocaleMessages, parseMessages } from '../locales.ts';
import { lineAt } from './find-place.ts';
import type { TemplateWarning } from './warning.ts';

/** A call of `t` with a key written out. */
const T_CALL = /(?<![\w.$])t\(\s*(['"`])([^'"`$\n]{1,200})\1/g;

const MAX_KEYS_NAMED = 20;

/**
 * Keys that a locale lacks, and keys that sources ask for and no locale has. They are written as JSON: one with NUL or half
 * of a surrogate pair could not be kept in the database.
 */
export function findTranslationWarnings(sources: TemplateSources): TemplateWarning[] {
  const parsed = parseMessages(sources);
  if (!parsed.ok || Object.keys(parsed.messages).length === 0) return [];
  return [...findMissing(parsed.messages, sources), ...findUnknown(parsed.messages, sources)];
}

/** A region (`de-AT`) need only say what differs from its language; a language is held against the default. */
function findMissing(messages: LocaleMessages, sources: TemplateSources): TemplateWarning[] {
  const files = localeFiles(sources);
  const locales = Object.keys(messages);
  const standard = defaultLocale(locales);
  const wanted = Object.keys(messages[standard ?? ''] ?? {});
  return locales.flatMap((locale) => {
    const isRegion = locales.some((other) => other !== locale && locale.startsWith(`${other}-`));
    if (locale === standard || isRegion) return [];
    const missing = wanted.filter((key) => !Object.hasOwn(messages[locale] ?? {}, key));
    return missing.slice(0, MAX_KEYS_NAMED).map((key): TemplateWarning => ({
      code: 'translation_missing',
      message: `${JSON.stringify(key)} is missing in ${locale}; ${standard ?? ''} has it`,
      file: files.get(locale) ?? null,
      line: null,
    }));
  });
}

function findUnknown(messages: LocaleMessages, { files }: TemplateSources): TemplateWarning[] {
  const known = new Set(Object.values(messages).flatMap((texts) => Object.keys(texts)));
  const seen = new Set<string>();
  return Object.entries(files).flatMap(([file, source]) => {
    if (file.endsWith('.json')) return [];
    return [...source.matchAll(T_CALL)].flatMap((match): TemplateWarning[] => {
      const key = match[2] ?? '';
      if (known.has(key) || seen.has(key) || seen.size >= MAX_KEYS_NAMED) return [];
      seen.add(key);
      const message = `${JSON.stringify(key)} is in no locale: ${Object.keys(messages).join(', ')}`;
      return [{ code: 'translation_missing', message, file, line: lineAt(source, match.index) }];
    });
  });
}
