import { describe, expect, test } from 'bun:test';
import { backoffMs, wishedDelayMs } from './backoff.ts';

const policy = { maxAttempts: 20, baseMs: 2000, maxMs: 3_600_000 };

describe('backoff', () => {
  test('doubles from the base, between half and the whole of a step', () => {
    expect(backoffMs({ attempt: 1, policy, random: 0 })).toBe(1000);
    expect(backoffMs({ attempt: 1, policy, random: 1 })).toBe(2000);
    expect(backoffMs({ attempt: 4, policy, random: 1 })).toBe(16_000);
  });

  test('never waits longer than the policy says, whatever the attempt', () => {
    for (const attempt of [20, 40, 10_000]) {
      expect(backoffMs({ attempt, policy, random: 1 })).toBe(3_600_000);
    }
  });
});

describe("a provider's wish", () => {
  test('is never undercut, and those who got the same one spread a little', () => {
    expect(wishedDelayMs({ wishMs: 30_000, random: 0 })).toBe(30_000);
    expect(wishedDelayMs({ wishMs: 30_000, random: 1 })).toBe(33_000);
  });

  test('is followed for hours, not for weeks', () => {
    expect(wishedDelayMs({ wishMs: 7 * 86_400_000, random: 0 })).toBe(6 * 3_600_000);
    expect(wishedDelayMs({ wishMs: -5, random: 1 })).toBe(0);
  });
});
