import { afterEach, beforeEach, expect, spyOn, test } from 'bun:test';
import { runChecks } from './run.ts';

let printed: ReturnType<typeof spyOn<Console, 'log'>>;
beforeEach(() => {
  printed = spyOn(console, 'log').mockImplementation(() => undefined);
});
afterEach(() => {
  printed.mockRestore();
});

const good = { name: 'good', run: async () => ({ isGood: true, output: 'chatter' }) };

test('all good is exit code 0, without the output of the checks', async () => {
  expect(await runChecks([good])).toBe(0);
  expect(printed.mock.calls.flat().join('\n')).not.toContain('chatter');
});

test('one failure is exit code 1, with its output', async () => {
  const bad = { name: 'bad', run: async () => ({ isGood: false, output: 'line 7 is wrong' }) };
  expect(await runChecks([good, bad])).toBe(1);
  expect(printed.mock.calls.flat().join('\n')).toContain('line 7 is wrong');
});

test('a check that breaks has failed', async () => {
  const broken = { name: 'broken', run: () => Promise.reject(new Error('no such tool')) };
  expect(await runChecks([broken, good])).toBe(1);
});
