import { posix } from 'node:path';
import type { LocaleRequest } from './sandbox/render-request.ts';
import { sourceError, type SourceError } from './source-errors.ts';
import type { TemplateSources } from './template-sources.ts';

/** A template's texts: by locale, then by key (`cta.label` where the file nests). */
export type LocaleMessages = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type ResolvedLocale = LocaleRequest & {
  /** Every step, also those without messages, for the timeline: `de-AT (no messages) -> de -> en`. */
  trail: string;
};

/** Where no English is, the first in the alphabet is what a reader gets rather than keys. */
const PREFERRED_DEFAULT = 'en';

const MAX_KEYS = 5000;

/** The canonical form of a BCP 47 tag (`de-at` is `de-AT`), or null where it is none. */
export function canonicalLocale(tag: string): string | null {
  if (!/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}$/.test(tag)) return null;
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null;
  } catch {
    return null;
  }
}

/** The files `messages/<locale>.json` beside the entry, by canonical locale, in the alphabet's order. */
export function localeFiles({ entry, files }: TemplateSources): ReadonlyMap<string, string> {
  const folder = posix.join(posix.dirname(entry), 'messages/');
  const found = Object.keys(files)
    .toSorted()
    .flatMap((path): [string, string][] => {
      if (!path.startsWith(folder) || !path.endsWith('.json')) return [];
      const locale = canonicalLocale(path.slice(folder.length, -'.json'.length));
      return locale === null ? [] : [[locale, path]];
    });
  return new Map(found);
}

/** The locale that a template falls back to; null for a template without messages. */
export function defaultLocale(locales: Iterable<string>): string | null {
  const all = [...locales];
  return all.includes(PREFERRED_DEFAULT) ? PREFERRED_DEFAULT : (all.toSorted()[0] ?? null);
}

/**
 * Chooses whose messages a render looks into: the requested locale, then the same with its last part taken off, and so
 * on, then the default. Null where nothing was requested and the template has no messages.
 */
export function resolveLocale(sources: TemplateSources, requested: string | null): ResolvedLocale | null {
  const available = localeFiles(sources);
  const last = defaultLocale(available.keys());
  const tag = requested ?? last;
  if (tag === null) return null;
  const parts = tag.split('-');
  const steps = parts.map((_, index) => parts.slice(0, parts.length - index).join('-'));
  const candidates = [...new Set(last === null ? steps : [...steps, last])];
  return {
    tag,
    chain: candidates.filter((candidate) => available.has(candidate)),
    trail: candidates.map((name) => (available.has(name) ? name : `${name} (no messages)`)).join(' -> '),
  };
}

export type MessagesResult =
  | { ok: true; messages: LocaleMessages }
  | { ok: false; errors: readonly SourceError[] };

/** Reads a template's messages: objects of texts, nested or not. */
export function parseMessages(sources: TemplateSources): MessagesResult {
  const errors: SourceError[] = [];
  const messages: Record<string, Record<string, string>> = {};
  for (const [locale, path] of localeFiles(sources)) {
    const flat = flatten(sources.files[path] ?? '');
    if (typeof flat === 'string') errors.push(sourceError(path, flat));
    else messages[locale] = flat;
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, messages };
}

/** The texts by dotted key, or what is wrong. */
function flatten(json: string): Record<string, string> | string {
  const root = parseJson(json);
  if (!isObject(root)) return 'The messages of a locale must be a JSON object of texts';
  const texts = new Map<string, string>();
  const open: [string, object][] = [['', root]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [prefix, node] = next;
    for (const [name, value] of Object.entries(node) as [string, unknown][]) {
      const key = prefix === '' ? name : `${prefix}.${name}`;
      if (typeof value === 'string') texts.set(key, value);
      else if (isObject(value)) open.push([key, value]);
      else return `"${key}" must be a text, or an object of texts`;
      if (texts.size > MAX_KEYS) return `A locale may have ${MAX_KEYS} texts at most`;
    }
  }
  return Object.fromEntries([...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
