import { describe, expect, test } from 'bun:test';
import { createMemoryRateLimiter, createMemoryRateLimits, toPace } from './rate-limit.ts';

/** Takes as fast as it may from a clock that moves by the waits alone; the times of what it got, in ms. */
async function takeGreedily(ratePerS: number, count: number, stepMs: () => number): Promise<number[]> {
  const clock = { ms: 5_000_000.25 };
  const limiter = createMemoryRateLimiter({ ratePerS, nowMs: () => clock.ms });
  const taken: number[] = [];
  while (taken.length < count) {
    const waitMs = await limiter.take();
    if (waitMs === 0) taken.push(clock.ms);
    else clock.ms += Math.min(waitMs, stepMs());
  }
  return taken;
}

function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, time] of times.entries()) {
    while (time - (times[first] ?? time) >= windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe('the pace of a rate', () => {
  test.each([1, 2, 3, 7, 14, 49, 50, 99, 100, 999, 1000, 5000])(
    '%d a second, in no second more',
    async (rate) => {
      const steps = [0.3, 7, 1, 40, 0.01];
      let turn = 0;
      const times = await takeGreedily(rate, rate * 4, () => steps[turn++ % steps.length] ?? 1);
      expect(mostWithin(times, 1000)).toBeLessThanOrEqual(rate);
    },
  );

  test.each([1, 14, 100, 1000])('%d a second, and nearly as many', async (rate) => {
    const times = await takeGreedily(rate, rate * 10, () => 1);
    const tookMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    expect(tookMs).toBeLessThan(11_000);
  });

  test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is none', (rate) => {
    expect(() => createMemoryRateLimiter({ ratePerS: rate })).toThrow(RangeError);
  });

  test('a silence saves up no more than the burst', async () => {
    const clock = { ms: 1000 };
    const limiter = createMemoryRateLimiter({ ratePerS: 100, nowMs: () => clock.ms });
    clock.ms += 3_600_000;
    const answers = await Promise.all(Array.from({ length: 10 }, () => limiter.take()));
    expect(answers.filter((waitMs) => waitMs === 0)).toHaveLength(toPace(100).burst);
  });

  test('who waits as told gets a place', async () => {
    const clock = { ms: 1000 };
    const limiter = createMemoryRateLimiter({ ratePerS: 7, nowMs: () => clock.ms });
    expect(await limiter.take()).toBe(0);
    clock.ms += await limiter.take();
    expect(await limiter.take()).toBe(0);
  });

  test('a clock that is set back blocks nobody for longer than a burst', async () => {
    const clock = { ms: 1_000_000 };
    const limiter = createMemoryRateLimiter({ ratePerS: 10, nowMs: () => clock.ms });
    await limiter.take();
    clock.ms = 1000;
    expect(await limiter.take()).toBeLessThanOrEqual(100);
  });
});

test('providers do not share their limits', async () => {
  const limits = createMemoryRateLimits({ nowMs: () => 1000 });
  const [first, second] = [limits.limit('first', 1), limits.limit('second', 1)];
  expect([await first.take(), await second.take()]).toEqual([0, 0]);
  expect(await first.take()).toBe(1000);
});
