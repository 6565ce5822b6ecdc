import { describe, expect, test } from 'bun:test';
import { contentHash, SOURCE_LIMITS } from './content-hash.ts';

const INDEX = { 'index.tsx': 'export default () => null;' };

function hashOf(files: Record<string, string>, entry = 'index.tsx'): string {
  const result = contentHash({ entry, files });
  if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join());
  return result.hash;
}

describe('contentHash', () => {
  test('is a SHA-256 in hex that does not depend on the order of the files', () => {
    const first = hashOf({ ...INDEX, 'a.json': '{}' });
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf({ 'a.json': '{}', ...INDEX })).toBe(first);
  });

  test('changes with content, with a path, with the entry, and where text moves between files', () => {
    const hashes = [
      hashOf(INDEX),
      hashOf({ 'index.tsx': 'export default () => 1;' }),
      hashOf({ ...INDEX, 'a.ts': 'xy', 'b.ts': '' }),
      hashOf({ ...INDEX, 'a.ts': 'x', 'b.ts': 'y' }),
      hashOf({ ...INDEX, 'a.ts': 'x', 'c.ts': 'y' }),
      hashOf({ ...INDEX, 'a.ts': 'x', 'b.ts': 'y' }, 'a.ts'),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test.each([
    '/etc/passwd.ts',
    '../up.ts',
    'a/../../up.ts',
    './a.ts',
    'a//b.ts',
    'a\\b.ts',
    'C:/a.ts',
    'https://example.com/a.ts',
    'a\0.ts',
    'a/./b.ts',
    '__proto__/a.ts',
    'a.node',
    'a.html',
    '.env',
    '',
    `${'a'.repeat(SOURCE_LIMITS.maxPathLength)}.ts`,
  ])('refuses the path %j', (path) => {
    const result = contentHash({ entry: 'index.tsx', files: { ...INDEX, [path]: '' } });
    expect(result.ok).toBe(false);
  });

  test('refuses an entry that is missing, inherited or not code', () => {
    expect(contentHash({ entry: 'other.tsx', files: INDEX }).ok).toBe(false);
    expect(contentHash({ entry: 'constructor', files: INDEX }).ok).toBe(false);
    expect(contentHash({ entry: 'a.json', files: { 'a.json': '{}' } }).ok).toBe(false);
  });

  test('refuses too many files, a file and a total that are too large', () => {
    const many = Object.fromEntries(
      Array.from({ length: SOURCE_LIMITS.maxFiles }, (_, index) => [`f${index}.ts`, '']),
    );
    expect(contentHash({ entry: 'index.tsx', files: { ...INDEX, ...many } }).ok).toBe(false);
    const large = 'é'.repeat(SOURCE_LIMITS.maxFileBytes / 2 + 1);
    expect(contentHash({ entry: 'index.tsx', files: { ...INDEX, 'a.ts': large } }).ok).toBe(false);
    const full = 'x'.repeat(SOURCE_LIMITS.maxFileBytes);
    const files = { ...INDEX, 'a.ts': full, 'b.ts': full, 'c.ts': full, 'd.ts': full };
    expect(contentHash({ entry: 'index.tsx', files }).ok).toBe(false);
  });
});
