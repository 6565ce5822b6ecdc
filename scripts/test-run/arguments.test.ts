import { expect, test } from 'bun:test';
import { parseTestArguments } from './arguments.ts';

test('filters and options of bun test are passed on, the runner keeps its own', () => {
  const parsed = parseTestArguments(['server/src', '--full', '-t', 'opens after', '--json']);
  expect(parsed).toEqual({ passedOn: ['server/src', '-t', 'opens after'], isFull: true, isJson: true });
});

test('nothing asked is everything in its plain form', () => {
  expect(parseTestArguments([])).toEqual({ passedOn: [], isFull: false, isJson: false });
});
