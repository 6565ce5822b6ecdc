import { expect, test } from 'bun:test';
import { toList, toWarningLines } from './output.ts';

test('a warning names its place as far as it is known', () => {
  const warnings = [
    { message: 'no alt', file: 'index.tsx', line: 3 },
    { message: 'missing', file: 'messages/de.json', line: null },
    { message: 'too large', file: null, line: null },
  ];
  expect(toWarningLines(warnings)).toEqual([
    '  warning index.tsx:3  no alt',
    '  warning messages/de.json  missing',
    '  warning too large',
  ]);
});

const ITEMS = [
  { id: '01a1fcb2', subject: 'A rather long subject of a mail', note: '' },
  { id: '01a1fcb3', subject: 'Short\u001B[31m and\nsly', note: '' },
];
const COLUMNS = [
  { title: 'id', of: ({ id }: (typeof ITEMS)[number]) => id, isWhole: true },
  { title: 'subject', of: ({ subject }: (typeof ITEMS)[number]) => subject },
  { title: 'note', of: ({ note }: (typeof ITEMS)[number]) => note },
];

test('a list fits the width, keeps ids whole, and leaves out columns that say nothing', () => {
  expect(toList(ITEMS, COLUMNS, 24).split('\n')).toEqual([
    'id        subject',
    '01a1fcb2  A rather long\u2026',
    '01a1fcb3  Short and sly',
  ]);
});

test('where no table fits, each item is a block', () => {
  const columns = [...COLUMNS, { title: 'again', of: () => 'as long as it is', isWhole: true }];
  expect(toList(ITEMS.slice(0, 1), columns, 30)).toBe(
    ['id       01a1fcb2', 'subject  A rather long subject of a mail', 'again    as long as it is'].join('\n'),
  );
});

test('numbers stand at the right, and are never cut', () => {
  const columns = [
    { title: 'name', of: ({ name }: { name: string }) => name },
    { title: 'delivered', of: ({ count }: { count: number }) => String(count), isNumber: true },
  ];
  const items = [
    { name: 'welcome-everybody', count: 7 },
    { name: 'receipt', count: 12_345 },
  ];
  expect(toList(items, columns, 80).split('\n')).toEqual([
    'name               delivered',
    'welcome-everybody          7',
    'receipt                12345',
  ]);
  expect(toList(items, columns, 13).split('\n')).toEqual([
    'name    deli\u2026',
    'welco\u2026      7',
    'recei\u2026  12345',
  ]);
});

test('what others wrote can neither repaint the terminal nor tear the table', () => {
  expect(toList(ITEMS, COLUMNS, 200)).not.toContain('\u001B');
  expect(toList(ITEMS, COLUMNS, 200).split('\n')).toHaveLength(3);
});
