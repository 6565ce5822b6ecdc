import { expect, test } from 'bun:test';
import caniemail from 'caniemail/caniemail.json';
import { CSS_SUPPORT } from './css-support.ts';
import { toCssSupport } from './css-support-source.ts';

test("the table is what caniemail's data says", () => {
  expect(CSS_SUPPORT).toEqual(toCssSupport(caniemail.data));
});

test('knows what everybody knows', () => {
  expect(CSS_SUPPORT['position']).toContain('Gmail');
  expect(CSS_SUPPORT['color']).toBeUndefined();
  expect(CSS_SUPPORT['padding']).toBeUndefined();
});
