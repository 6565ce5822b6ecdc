import { describe, expect, test } from 'bun:test';
import {
  type BreakerChange,
  type BreakerPass,
  type BreakerSettings,
  createCircuitBreaker,
} from './circuit-breaker.ts';

function createBreaker(settings: Partial<BreakerSettings> = {}) {
  const clock = { ms: 1_000_000, random: 1 };
  const changes: BreakerChange[] = [];
  const breaker = createCircuitBreaker({
    settings: {
      consecutiveFailures: 3,
      windowMs: 10_000,
      minimumCalls: 10,
      failurePercent: 50,
      openMs: 1000,
      maxOpenMs: 4000,
      rampCalls: 4,
      ...settings,
    },
    nowMs: () => clock.ms,
    random: () => clock.random,
    onChange: (change) => changes.push(change),
  });
  const acquire = (): BreakerPass => {
    const pass = breaker.acquire();
    if (!pass) throw new Error('no pass was given');
    return pass;
  };
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) acquire().fail('connection refused');
  };
  const succeed = (times: number) => {
    for (let i = 0; i < times; i++) acquire().succeed();
  };
  const steps = () => changes.map(({ from, to }) => `${from.kind} > ${to.kind}`);
  return { breaker, clock, changes, acquire, fail, succeed, steps };
}

/** Open for 1000 ms, by three failures. */
function createOpen(settings: Partial<BreakerSettings> = {}) {
  const kit = createBreaker(settings);
  kit.fail(3);
  return kit;
}

describe('a closed breaker', () => {
  test('opens after failures in a row, and says why', () => {
    const { breaker, fail, changes } = createBreaker();
    fail(2);
    expect(breaker.state).toEqual({ kind: 'closed', isRamping: false });
    fail(1);
    const reason = '3 failures in a row, the last: connection refused';
    expect(breaker.state).toEqual({ kind: 'open', remainingMs: 1000, openings: 1, reason });
    expect(changes).toEqual([
      { from: { kind: 'closed', isRamping: false }, to: breaker.state, reason, isRemote: false },
    ]);
    expect(breaker.acquire()).toBeNull();
    expect(breaker.waitMs()).toBe(1000);
  });

  test('a success between failures begins the row anew', () => {
    const { breaker, fail, succeed } = createBreaker({ minimumCalls: 1000 });
    for (let i = 0; i < 4; i++) {
      fail(2);
      succeed(3);
    }
    expect(breaker.state.kind).toBe('closed');
  });

  test('opens when the share of failures in the window is reached, not one below it', () => {
    const { breaker, fail, succeed } = createBreaker();
    for (let i = 0; i < 4; i++) {
      fail(1);
      succeed(1);
    }
    succeed(1);
    expect(breaker.state.kind).toBe('closed');
    // 5 of 10 is the first time that there are enough calls, and exactly the share
    fail(1);
    expect(breaker.state).toMatchObject({
      kind: 'open',
      reason: expect.stringContaining('5 of 10 calls failed within 10000 ms'),
    });
  });

  test('a share below the limit is borne for ever', () => {
    const { breaker, clock, fail, succeed } = createBreaker();
    for (let i = 0; i < 200; i++) {
      succeed(2);
      fail(1);
      clock.ms += 100;
    }
    expect(breaker.state.kind).toBe('closed');
  });

  test('too few calls say nothing about a share', () => {
    const { breaker, fail, succeed } = createBreaker({ minimumCalls: 11 });
    for (let i = 0; i < 5; i++) {
      succeed(1);
      fail(1);
    }
    expect(breaker.state.kind).toBe('closed');
  });

  test.each([10_000, 15_000, 35_000])(
    'failures have left the window after %d ms, and new ones are in it',
    (laterMs) => {
      const { breaker, clock, fail, succeed } = createBreaker({ consecutiveFailures: 100 });
      fail(9);
      clock.ms += laterMs;
      succeed(9);
      fail(8);
      expect(breaker.state.kind).toBe('closed');
      fail(1);
      expect(breaker.state.kind).toBe('open');
    },
  );

  test('calls that were under way when it opened count for nothing', () => {
    const { breaker, clock, acquire, fail, steps } = createBreaker();
    const early = Array.from({ length: 12 }, acquire);
    const end = (how: 'succeed' | 'fail') => {
      for (const pass of early.splice(0, 4)) pass[how]('late');
    };
    fail(3);
    end('fail');
    expect(breaker.state).toMatchObject({ kind: 'open', openings: 1 });
    clock.ms += 1000;
    const probe = acquire();
    end('fail');
    expect(breaker.state.kind).toBe('half_open');
    probe.succeed();
    end('succeed');
    // a success from before the outage says nothing about the recovery
    expect(breaker.state).toEqual({ kind: 'closed', isRamping: true });
    expect(steps()).toEqual(['closed > open', 'open > half_open', 'half_open > closed']);
  });

  test('a call that was broken off by us is neither success nor failure', () => {
    const { breaker, acquire, fail } = createBreaker();
    fail(2);
    acquire().abandon();
    expect(breaker.state.kind).toBe('closed');
    fail(1);
    expect(breaker.state.kind).toBe('open');
  });

  test('a pass counts once', () => {
    const { breaker, acquire } = createBreaker();
    const pass = acquire();
    for (let i = 0; i < 5; i++) pass.fail('again');
    expect(breaker.state.kind).toBe('closed');
  });
});

describe('an open breaker', () => {
  test('lets exactly one through when its time is over', () => {
    const { breaker, clock, acquire, steps } = createOpen();
    clock.ms += 999;
    expect(breaker.acquire()).toBeNull();
    clock.ms += 1;
    expect(breaker.waitMs()).toBe(0);
    const probe = acquire();
    expect(breaker.state).toMatchObject({ kind: 'half_open', isProbing: true });
    expect(breaker.acquire()).toBeNull();
    expect(breaker.waitMs()).toBeGreaterThan(0);
    probe.abandon();
    acquire().succeed();
    expect(steps()).toEqual(['closed > open', 'open > half_open', 'half_open > closed']);
  });

  test('a probe that was abandoned earlier cannot end the next one', () => {
    const { breaker, clock, acquire } = createOpen();
    clock.ms += 1000;
    const first = acquire();
    first.abandon();
    const second = acquire();
    first.abandon();
    first.succeed();
    expect(breaker.state).toMatchObject({ kind: 'half_open', isProbing: true });
    second.succeed();
    expect(breaker.state.kind).toBe('closed');
  });

  test('doubles its time with each failed probe, up to the longest', () => {
    const { breaker, clock, acquire } = createOpen();
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      clock.ms += breaker.waitMs();
      acquire().fail('still down');
      seen.push(breaker.waitMs());
    }
    expect(seen).toEqual([2000, 4000, 4000, 4000]);
    expect(breaker.state).toMatchObject({ openings: 5, reason: 'a probe failed: still down' });
  });

  test('is open between half and the whole of a step', () => {
    const { breaker, clock, fail } = createBreaker();
    clock.random = 0;
    fail(3);
    expect(breaker.waitMs()).toBe(500);
  });

  test('forgets its doubling once it has been closed for a window, and not before', () => {
    for (const [closedMs, openings] of [
      [9999, 2],
      [10_000, 1],
    ] as const) {
      const { breaker, clock, acquire, fail } = createOpen();
      clock.ms += 1000;
      acquire().succeed();
      clock.ms += closedMs;
      fail(3);
      expect(breaker.state).toMatchObject({ kind: 'open', openings });
    }
  });
});

describe('a breaker that closed', () => {
  function createRecovered() {
    const kit = createOpen();
    kit.clock.ms += 1000;
    kit.acquire().succeed();
    return kit;
  }

  test('lets one more through at once with each success, then all', () => {
    const { breaker, acquire } = createRecovered();
    expect(breaker.state).toEqual({ kind: 'closed', isRamping: true });
    const first = acquire();
    expect(breaker.acquire()).toBeNull();
    expect(breaker.waitMs()).toBeGreaterThan(0);
    first.succeed();
    const two = [acquire(), acquire()];
    expect(breaker.acquire()).toBeNull();
    for (const pass of two) pass.succeed();
    expect(breaker.state).toEqual({ kind: 'closed', isRamping: false });
    const many = Array.from({ length: 100 }, acquire);
    for (const pass of many) pass.succeed();
    expect(breaker.waitMs()).toBe(0);
  });

  test('an abandoned call gives its place back', () => {
    const { acquire } = createRecovered();
    acquire().abandon();
    acquire().succeed();
  });

  test('opens again by its rule, and what failed before the outage is forgotten', () => {
    const { breaker, fail } = createRecovered();
    fail(2);
    expect(breaker.state.kind).toBe('closed');
    fail(1);
    expect(breaker.state).toMatchObject({ kind: 'open', openings: 2 });
  });
});

describe("another worker's news", () => {
  const opening = { forMs: 700, openings: 1, reason: 'it was down for another' };

  test('an opening opens for the same time, and is not told on', () => {
    const { breaker, changes } = createBreaker();
    breaker.hintOpened(opening);
    expect(breaker.state).toEqual({ kind: 'open', remainingMs: 700, openings: 1, reason: opening.reason });
    expect(changes).toMatchObject([{ isRemote: true }]);
  });

  test('an opening is bounded by our own longest, and a past one is nothing', () => {
    const { breaker } = createBreaker();
    breaker.hintOpened({ ...opening, forMs: 0 });
    breaker.hintOpened({ ...opening, forMs: -5 });
    expect(breaker.state.kind).toBe('closed');
    breaker.hintOpened({ ...opening, forMs: 9_999_999 });
    expect(breaker.waitMs()).toBe(4000);
  });

  test('an opening only lengthens what is open', () => {
    const { breaker, changes } = createOpen();
    breaker.hintOpened({ ...opening, openings: 2 });
    expect(breaker.state).toMatchObject({ remainingMs: 1000, openings: 2 });
    breaker.hintOpened({ ...opening, forMs: 1500 });
    expect(breaker.state).toMatchObject({ remainingMs: 1500, openings: 2 });
    expect(changes).toHaveLength(1);
  });

  test('our own probe counts for more than an opening elsewhere, for a window', () => {
    const { breaker, clock, acquire } = createOpen();
    clock.ms += 1000;
    const probe = acquire();
    breaker.hintOpened(opening);
    expect(breaker.state.kind).toBe('half_open');
    probe.succeed();
    breaker.hintOpened(opening);
    expect(breaker.state.kind).toBe('closed');
    clock.ms += 10_000;
    breaker.hintOpened(opening);
    expect(breaker.state.kind).toBe('open');
  });

  test('a closing lets us probe now, and our probe decides', () => {
    const { breaker, acquire, steps, changes } = createOpen();
    breaker.hintClosed();
    expect(breaker.state).toMatchObject({ kind: 'half_open', isProbing: false });
    expect(changes.at(-1)).toMatchObject({ isRemote: true });
    acquire().fail('not for us');
    expect(breaker.state).toMatchObject({ kind: 'open', openings: 2 });
    expect(steps()).toEqual(['closed > open', 'open > half_open', 'half_open > open']);
  });

  test('a closing says nothing to a closed or probing one', () => {
    const { breaker, clock, acquire, changes } = createBreaker();
    breaker.hintClosed();
    breaker.hintOpened(opening);
    clock.ms += 700;
    const probe = acquire();
    breaker.hintClosed();
    expect(breaker.state).toMatchObject({ kind: 'half_open', isProbing: true });
    probe.succeed();
    expect(changes).toHaveLength(3);
  });
});
