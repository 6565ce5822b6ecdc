import { expect, test } from 'bun:test';
import { toStorableText } from './storable-text.ts';

test('what the database would refuse is replaced, and line breaks are kept', () => {
  expect(toStorableText('a\0b\u001Bc\nd\te')).toBe('a\uFFFDb\uFFFDc\nd\te');
  expect(toStorableText('\uD800x').isWellFormed()).toBe(true);
});

test('a text is cut, even where that halves a pair', () => {
  const cut = toStorableText(`x${'😀'.repeat(2000)}`);
  expect(cut).toHaveLength(2000);
  expect(cut.isWellFormed()).toBe(true);
});
