import { describe, expect, test } from 'bun:test';
import { createLogSampler } from './log-sampler.ts';

function sampler(burst: number) {
  let at = 0;
  const { take } = createLogSampler({ burst, now: () => at });
  const takeMany = (count: number, kind = 'a') => Array.from({ length: count }, () => take(kind));
  return { take, takeMany, pass: (ms: number) => (at += ms) };
}

describe('sampling of alike lines', () => {
  test('a burst is written whole, and beyond it every hundredth', () => {
    const { takeMany } = sampler(10);
    const written = takeMany(310).filter((leftOut) => leftOut !== null);
    expect(written).toEqual([...Array.from({ length: 10 }, () => 0), 99, 99, 99]);
  });

  test('the next second begins anew and tells what was left out', () => {
    const { take, takeMany, pass } = sampler(10);
    takeMany(60);
    pass(1000);
    expect(take('a')).toBe(50);
    expect(take('a')).toBe(0);
  });

  test('one kind does not silence another', () => {
    const { take, takeMany } = sampler(1);
    takeMany(50, 'a');
    expect(take('b')).toBe(0);
  });

  test('a burst of 0 writes everything', () => {
    expect(sampler(0).takeMany(500)).not.toContain(null);
  });
});
