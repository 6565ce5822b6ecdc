import { expect, test } from 'bun:test';
import { editDistance, suggest } from './suggest.ts';

test('counts letters to insert, delete and exchange', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('same', 'same')).toBe(0);
});

test('suggests what is near, and nothing else', () => {
  const known = ['welcome', 'receipt', 'password-reset'];
  expect(suggest('welcom', known)).toBe('welcome');
  expect(suggest('Recipt', known)).toBe('receipt');
  expect(suggest('invoice', known)).toBeNull();
  expect(suggest('x', known)).toBeNull();
});
