import { describe, expect, test } from 'bun:test';
import { summarise, toSummaryLine } from './summary.ts';

const lines = (...text: string[]) => `${text.join('\n')}\n`;

describe('summarise', () => {
  test('counts passed, failed and skipped, with todo among the skipped', () => {
    const output = lines(
      '(pass) a',
      '',
      ' 12 pass',
      ' 2 skip',
      ' 1 todo',
      ' 3 fail',
      ' 40 expect() calls',
      'Ran 18 tests across 4 files. [9.00ms]',
    );
    expect(summarise(output, 1)).toEqual({ passed: 12, failed: 3, skipped: 3 });
  });

  test('reads a good run without skips', () => {
    const output = lines(' 1 pass', ' 0 fail', 'Ran 1 test across 1 file. [2.00ms]');
    expect(summarise(output, 0)).toEqual({ passed: 1, failed: 0, skipped: 0 });
  });

  test('reads a run of tests picked by name', () => {
    const output = lines(
      ' 2 pass',
      ' 130 filtered out',
      ' 0 fail',
      ' 10 expect() calls',
      'Ran 2 tests across 1 file. [3.37s]',
    );
    expect(summarise(output, 0)).toEqual({ passed: 2, failed: 0, skipped: 0 });
  });

  test('is not misled by what a test prints', () => {
    const output = lines(
      ' 99 pass',
      ' 9 fail',
      'Ran 108 tests across 7 files. [1.00s]',
      ' 77 pass',
      '(pass) a',
      '',
      ' 1 pass',
      ' 0 fail',
      'Ran 1 test across 1 file. [2.00ms]',
    );
    expect(summarise(output, 0)).toEqual({ passed: 1, failed: 0, skipped: 0 });
  });

  test('reads through colours', () => {
    const escape = String.fromCharCode(27);
    const output = lines(
      `${escape}[32m 5 pass${escape}[0m`,
      `${escape}[2m 0 fail${escape}[0m`,
      'Ran 5 tests across 1 file. [2.00ms]',
    );
    expect(summarise(output, 0)).toEqual({ passed: 5, failed: 0, skipped: 0 });
  });

  test('a file that did not load is a failure, counted once', () => {
    const output = lines(' 1 pass', ' 2 fail', ' 2 errors', 'Ran 3 tests across 3 files. [9.00ms]');
    expect(summarise(output, 1)).toEqual({ passed: 1, failed: 2, skipped: 0 });
  });

  test('trusts the exit code over totals that show no failure', () => {
    const output = lines(' 4 pass', ' 0 fail', 'Ran 4 tests across 2 files. [9.00ms]');
    expect(summarise(output, 1)).toEqual({ passed: 4, failed: 1, skipped: 0 });
  });

  test('a run that crashed before its totals has failed', () => {
    expect(summarise(lines('(pass) a'), 3)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test('a run in which nothing ran has failed, whatever the exit code', () => {
    expect(summarise('', 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    const output = lines(' 0 pass', ' 0 fail', 'Ran 0 tests across 1 file. [1.00ms]');
    expect(summarise(output, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test('a run in which everything was skipped for want of servers has not failed', () => {
    const output = lines(' 0 pass', ' 6 skip', ' 0 fail', 'Ran 6 tests across 1 file. [1.00ms]');
    expect(summarise(output, 0)).toEqual({ passed: 0, failed: 0, skipped: 6 });
  });
});

test('the closing line always has all three counts', () => {
  expect(toSummaryLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed, 0 skipped');
});
