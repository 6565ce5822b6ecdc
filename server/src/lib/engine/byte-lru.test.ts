import { expect, test } from 'bun:test';
import { createByteLru } from './byte-lru.ts';

function createLru(maxBytes: number) {
  return createByteLru<string>({ maxBytes, sizeOf: (value) => value.length });
}

test('forgets what was used longest ago once the bytes are full', () => {
  const lru = createLru(6);
  lru.set('a', 'aa');
  lru.set('b', 'bb');
  lru.set('c', 'cc');
  expect(lru.get('a')).toBe('aa');
  lru.set('d', 'dd');
  expect([lru.get('a'), lru.get('b'), lru.get('c'), lru.get('d')]).toEqual(['aa', undefined, 'cc', 'dd']);
  expect(lru.bytes).toBe(6);
});

test('counts a replaced value once', () => {
  const lru = createLru(10);
  lru.set('a', 'aaaa');
  lru.set('a', 'a');
  expect(lru.bytes).toBe(1);
});

test('does not keep a value that is larger than everything, and drops what it would have replaced', () => {
  const lru = createLru(3);
  lru.set('a', 'aa');
  lru.set('a', 'aaaa');
  expect(lru.get('a')).toBeUndefined();
  expect(lru.bytes).toBe(0);
});
