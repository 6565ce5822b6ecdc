import { expect, test } from 'bun:test';
import { toSearchText } from './search-text.ts';

test('the text comes first, and in one line', () => {
  expect(toSearchText({ html: '<p>no</p>', text: ' Dear\r\n\tAda,\u0000 hello\u200b ' })).toBe(
    'Dear Ada, hello',
  );
});

test('of html only what is read stays', () => {
  const html =
    '<html><head><style>p{}</style></head><body class="x"><p>2 &lt; 3 &amp;&nbsp;<b>more</b></p></body></html>';
  expect(toSearchText({ html, text: null })).toBe('2 < 3 & more');
});

test('nothing is nothing', () => {
  expect(toSearchText({ html: null, text: null })).toBeNull();
  expect(toSearchText({ html: '<p></p>', text: null })).toBeNull();
});

test('html made to be slow is not, and neither is a long text kept', () => {
  // Quadratic work on this would be 10^10 steps, beyond any test's time.
  expect(toSearchText({ html: '<'.repeat(5_000_000), text: null })?.length).toBeLessThanOrEqual(10_000);
  expect(toSearchText({ html: null, text: 'x'.repeat(100_000) })).toHaveLength(10_000);
});
