import { describe, expect, test } from 'bun:test';
import { createMemoryRateLimiter } from './rate-limiter.ts';

describe('a rate limit', () => {
  const limiterAt = (clock: { nowMs: number }) => createMemoryRateLimiter({ nowMs: () => clock.nowMs });

  test.each([1, 3, 7, 60, 1000])('gives exactly %d at once, and says how many are left', async (limit) => {
    const limiter = limiterAt({ nowMs: 1_795_000_000_000 });
    for (let used = 1; used <= limit; used++) {
      expect(await limiter.take({ key: 'a', limit, cost: 1 })).toMatchObject({
        isAllowed: true,
        remaining: limit - used,
        retryAfterMs: 0,
      });
    }
    expect(await limiter.take({ key: 'a', limit, cost: 1 })).toMatchObject({
      isAllowed: false,
      remaining: 0,
    });
    expect(await limiter.take({ key: 'b', limit, cost: 1 })).toMatchObject({ isAllowed: true });
  });

  test('gives again after the time it named, and not before', async () => {
    const clock = { nowMs: 0 };
    const limiter = limiterAt(clock);
    const take = (cost = 1) => limiter.take({ key: 'a', limit: 60, cost });
    expect(await take(60)).toMatchObject({ isAllowed: true, remaining: 0, resetMs: 60_000 });
    const refused = await take();
    expect(refused).toMatchObject({ isAllowed: false, retryAfterMs: 1000 });
    clock.nowMs += refused.retryAfterMs - 1;
    expect((await take()).isAllowed).toBe(false);
    clock.nowMs += 1;
    expect((await take()).isAllowed).toBe(true);
    clock.nowMs += 60_000;
    expect(await take()).toMatchObject({ isAllowed: true, remaining: 59 });
  });

  test('a refusal uses nothing up, and a batch counts as its messages', async () => {
    const limiter = limiterAt({ nowMs: 0 });
    const take = (cost: number) => limiter.take({ key: 'a', limit: 10, cost });
    expect((await take(4)).remaining).toBe(6);
    expect(await take(7)).toMatchObject({ isAllowed: false, remaining: 6 });
    expect(await take(6)).toMatchObject({ isAllowed: true, remaining: 0 });
  });
});
