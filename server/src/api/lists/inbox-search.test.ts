import { expect, test } from 'bun:test';
import { parseInboxSearch } from './inbox-search.ts';

const NOTHING = { to: [], subject: [], template: [], words: [] };

test.each([
  ['', NOTHING],
  ['   ', NOTHING],
  ['hello  world', { ...NOTHING, words: ['hello', 'world'] }],
  ['"hello world"', { ...NOTHING, words: ['hello world'] }],
  ['to:ada TO:bob', { ...NOTHING, to: ['ada', 'bob'] }],
  ['subject:"your order" x', { ...NOTHING, subject: ['your order'], words: ['x'] }],
  ['template:welcome', { ...NOTHING, template: ['welcome'] }],
  ['is:unread', { ...NOTHING, isRead: false }],
  ['is:READ', { ...NOTHING, isRead: true }],
  // What only looks like a field is a word.
  ['is:late from:ada', { ...NOTHING, words: ['is:late', 'from:ada'] }],
  ['to:', { ...NOTHING, words: ['to:'] }],
  ['""', NOTHING],
  ['"open', { ...NOTHING, words: ['"open'] }],
])('%j', (search, filter) => {
  expect(parseInboxSearch(search)).toEqual(filter);
});

test('no question has more terms than the database should answer', () => {
  expect(parseInboxSearch('x '.repeat(200)).words).toHaveLength(20);
});
