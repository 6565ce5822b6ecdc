import { describe, expect, test } from 'bun:test';
import { parseChaosArguments } from './arguments.ts';

const parse = (...words: string[]) => parseChaosArguments(words, 42);

describe('the arguments of ./dev chaos', () => {
  test('have defaults, with a fresh seed', () => {
    expect(parse()).toEqual({
      scenario: 'chaos',
      seconds: 60,
      rate: 40,
      seed: 42,
      isJson: false,
      logFolder: null,
    });
    expect(parse('failover')).toMatchObject({ scenario: 'failover', rate: 200 });
  });

  test('are taken in any order', () => {
    expect(
      parse('--json', '--seed', '7', 'failover', '--rate', '50', '--seconds', '9', '--logs', 'here'),
    ).toEqual({
      scenario: 'failover',
      seconds: 9,
      rate: 50,
      seed: 7,
      isJson: true,
      logFolder: 'here',
    });
  });

  test.each(['--seconds 4', '--rate 0', '--seed -1', '--seed 1.5', '--seconds', '--what 1', 'what'])(
    'are refused with a sentence: %s',
    (words) => {
      expect(parse(...words.split(' '))).toBeString();
    },
  );
});
