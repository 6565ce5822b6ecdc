import type { LocaleRequest } from '../render-request.ts';

/** What a component and its subject get besides their props. */
export type Translation = {
  locale: string;
  /** The text of a key in the first locale that has it, with each `{name}` replaced; the key itself where none has it. */
  t: (key: string, values?: Readonly<Record<string, unknown>>) => string;
};

/** Creates the translation for one render; `messages` is what the compiler put beside the template's code. */
export function createTranslation(messages: unknown, { tag, chain }: LocaleRequest): Translation {
  const tables = chain.map((locale) => own(messages, locale));
  return {
    locale: tag,
    t(key, values = {}) {
      const text = tables.map((table) => own(table, key)).find((found) => typeof found === 'string');
      if (typeof text !== 'string') return key;
      return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
        const value = own(values, name);
        return value === undefined || value === null ? placeholder : String(value);
      });
    },
  };
}

function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}
