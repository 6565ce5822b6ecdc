import { describe, expect, test } from 'bun:test';
import { backoffMs } from './backoff.ts';

describe('backoff', () => {
  test('doubles from the base, between half and the whole of a step', () => {
    expect(backoffMs({ attempt: 1, baseMs: 2000, random: 0 })).toBe(1000);
    expect(backoffMs({ attempt: 1, baseMs: 2000, random: 1 })).toBe(2000);
    expect(backoffMs({ attempt: 4, baseMs: 2000, random: 1 })).toBe(16_000);
  });

  test('never waits longer than an hour, whatever the attempt', () => {
    for (const attempt of [20, 40, 10_000]) {
      expect(backoffMs({ attempt, baseMs: 2000, random: 1 })).toBe(3_600_000);
    }
  });
});
