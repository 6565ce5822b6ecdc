import { expect, test } from 'bun:test';
import { diffLines, toUnifiedDiff } from './line-diff.ts';

const lines = (text: string) => [...text].join('\n');
const show = (from: string, to: string) =>
  diffLines(lines(from), lines(to))
    .map(({ kind, text }) => ({ same: ' ', added: '+', removed: '-' })[kind] + text)
    .join('');

test.each([
  ['abc', 'abc', ' a b c'],
  ['', 'ab', '+a+b'],
  ['ab', '', '-a-b'],
  ['abc', 'axc', ' a-b+x c'],
  ['abcabba', 'cbabac', '-a-b c+b a b-b a+c'],
])('from %p to %p', (from, to, expected) => expect(show(from, to)).toBe(expected));

test('both texts can be had back from any comparison', () => {
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const text = () =>
    Array.from({ length: Math.floor(random() * 30) }, () => 'abcd'[Math.floor(random() * 4)] ?? '').join(
      '\n',
    );
  for (let round = 0; round < 300; round += 1) {
    const [from, to] = [text(), text()];
    const compared = diffLines(from, to);
    const without = (kind: string) =>
      compared
        .filter((line) => line.kind !== kind)
        .map((line) => line.text)
        .join('\n');
    expect([without('added'), without('removed')]).toEqual([from, to]);
  }
});

test('hunks name their lines, with three of what stands around', () => {
  const from = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  const to = from.with(9, 'changed');
  expect(toUnifiedDiff('x.tsx', from.join('\n'), to.join('\n')).split('\n')).toEqual([
    '--- live/x.tsx',
    '+++ local/x.tsx',
    '@@ -7,7 +7,7 @@',
    ' line 7',
    ' line 8',
    ' line 9',
    '-line 10',
    '+changed',
    ' line 11',
    ' line 12',
    ' line 13',
  ]);
});

test('a file of one side alone is told as such', () => {
  expect(toUnifiedDiff('x', null, 'a')).toBe('--- /dev/null\n+++ local/x\n@@ -1,0 +1,1 @@\n+a');
  expect(toUnifiedDiff('x', 'a', null)).toBe('--- live/x\n+++ /dev/null\n@@ -1,1 +1,0 @@\n-a');
  expect(toUnifiedDiff('x', 'a', 'a')).toBe('');
});
