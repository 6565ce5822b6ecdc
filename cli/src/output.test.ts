import { expect, test } from 'bun:test';
import { toWarningLines } from './output.ts';

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
