import { describe, expect, test } from 'bun:test';
import { canonicalLocale, parseMessages, resolveLocale } from './locales.ts';
import { createTranslation } from './sandbox/runtime/translate.ts';

function sourcesOf(...locales: string[]) {
  const files = Object.fromEntries(locales.map((locale) => [`messages/${locale}.json`, '{}']));
  return { entry: 'index.tsx', files: { 'index.tsx': '', ...files } };
}

describe('the chain of locales', () => {
  test.each([
    [['en', 'de', 'de-AT'], 'de-AT', ['de-AT', 'de', 'en'], 'de-AT -> de -> en'],
    [['en', 'de'], 'de-AT', ['de', 'en'], 'de-AT (no messages) -> de -> en'],
    [['en', 'de'], 'fr', ['en'], 'fr (no messages) -> en'],
    [['en', 'zh-hant'], 'zh-Hant-TW', ['zh-Hant', 'en'], undefined],
    [['fr', 'de'], 'it', ['de'], undefined],
    [['en'], 'en-GB', ['en'], 'en-GB (no messages) -> en'],
    [['en', 'de'], null, ['en'], 'en'],
    [[], 'de', [], 'de (no messages)'],
  ])('of %p for %p', (locales, requested, chain, trail) => {
    const resolved = resolveLocale(sourcesOf(...locales), requested);
    expect(resolved?.chain).toEqual(chain);
    if (trail !== undefined) expect(resolved?.trail).toBe(trail);
  });

  test('is no question where nothing is asked and there are no messages', () => {
    expect(resolveLocale(sourcesOf(), null)).toBeNull();
  });

  test('is made of canonical tags', () => {
    expect(canonicalLocale('de-at')).toBe('de-AT');
    for (const wrong of ['', 'x', 'de_AT', '../en', 'de-', 'de-abcdefghi', 'e1', 'de-DE-DE-1'])
      expect(canonicalLocale(wrong)).toBeNull();
  });
});

describe('messages', () => {
  test('may be nested, and are found by dotted keys', () => {
    const sources = {
      entry: 'src/index.tsx',
      files: { 'src/messages/en.json': '{"a":{"b":"B","c":{"d":"D"}},"e":"E"}', 'messages/de.json': 'no' },
    };
    expect(parseMessages(sources)).toEqual({
      ok: true,
      messages: { en: { 'a.b': 'B', 'a.c.d': 'D', e: 'E' } },
    });
  });

  test.each(['', '[]', '"x"', '{"a":1}', '{"a":{"b":null}}', '{"a":["x"]}', '{'])('cannot be %p', (json) => {
    const sources = { entry: 'index.tsx', files: { 'index.tsx': '', 'messages/en.json': json } };
    expect(parseMessages(sources)).toMatchObject({ ok: false, errors: [{ file: 'messages/en.json' }] });
  });
});

describe('t', () => {
  const messages = { de: { hi: 'Hallo {name}, {count}!' }, en: { hi: 'Hi', only: 'Only {there}' } };
  const { t, locale } = createTranslation(messages, { tag: 'de-AT', chain: ['de', 'en'] });

  test('takes the first locale that has the key, and fills in what it is given', () => {
    expect(locale).toBe('de-AT');
    expect(t('hi', { name: 'Ada', count: 2 })).toBe('Hallo Ada, 2!');
    expect(t('only')).toBe('Only {there}');
    expect(t('only', { there: null })).toBe('Only {there}');
  });

  test('answers with the key where no locale has it, also for names that every object has', () => {
    expect(['nowhere', 'constructor', '__proto__', 'toString'].map((key) => t(key))).toEqual([
      'nowhere',
      'constructor',
      '__proto__',
      'toString',
    ]);
    expect(createTranslation(undefined, { tag: 'de', chain: ['de'] }).t('hi')).toBe('hi');
    expect(t('hi', { name: '{count}', count: '$&' })).toBe('Hallo {count}, $&!');
  });
});
