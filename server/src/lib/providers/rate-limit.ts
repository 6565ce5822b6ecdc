import type { RedisClient } from '../queue/redis.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Holds one provider to its messages a second. */
export type RateLimiter = {
  /** Takes a place now and returns 0, or takes none and returns after how many milliseconds to ask again. */
  take(): Promise<number>;
};

/** Makes a provider's limiter; where the workers can reach each other, all of them hold the limit together. */
export type RateLimits = { limit(provider: string, ratePerS: number): RateLimiter };

/** The limits of a single process. */
export function createMemoryRateLimits({ nowMs }: { nowMs?: () => number } = {}): RateLimits {
  return { limit: (_provider, ratePerS) => createMemoryRateLimiter({ ratePerS, ...(nowMs && { nowMs }) }) };
}

/** The limits of all workers on one Redis; see {@link createRedisRateLimiter}. */
export function createRedisRateLimits({ redis, logger }: { redis: RedisClient; logger: Logger }): RateLimits {
  return {
    limit: (provider, ratePerS) => createRedisRateLimiter({ redis, key: keyOf(provider), ratePerS, logger }),
  };
}

/** The braces put a provider's key into one slot of a Redis Cluster. */
function keyOf(provider: string): string {
  return `mail:rate:{${provider}}`;
}

export type Pace = {
  /** From one place to the next, in whole microseconds. */
  intervalUs: number;
  /** Places that may be taken at once after a silence. */
  burst: number;
};

/**
 * The pace of a rate, such that no second whatever, wherever it begins, has more than `ratePerS` messages: a window of
 * GCRA holds `ceil(window / interval) + burst - 1`. The burst is what 20 ms bring, because timers wake late and a
 * pace without one would lose each delay for good.
 *
 * @throws RangeError for anything but a whole number from 1 on
 */
export function toPace(ratePerS: number): Pace {
  if (!Number.isInteger(ratePerS) || ratePerS < 1) throw new RangeError(`${ratePerS} is no rate a second`);
  const burst = 1 + Math.floor(ratePerS / 50);
  return { intervalUs: Math.ceil(1_000_000 / (ratePerS - burst + 1)), burst };
}

type Grant = { granted: number; waitMs: number };

/** The generic cell rate algorithm: one number, the time at which the next place is due, is all its state. */
function createCell(ratePerS: number, nowMs: () => number): (wanted: number) => Grant {
  const { intervalUs, burst } = toPace(ratePerS);
  let dueUs = 0;
  return (wanted) => {
    const nowUs = Math.floor(nowMs() * 1000);
    const fromUs = Math.min(Math.max(dueUs, nowUs), nowUs + burst * intervalUs);
    const free = burst - Math.ceil((fromUs - nowUs) / intervalUs);
    const granted = Math.min(wanted, Math.max(free, 0));
    dueUs = fromUs + granted * intervalUs;
    return { granted, waitMs: toMs(dueUs - (burst - 1) * intervalUs - nowUs) };
  };
}

// The clock is Redis's, so that hosts need not agree; a due time further off than any burst can be was left by a clock that was set back.
const TAKE_SCRIPT = `
local interval, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.min(math.max(tonumber(redis.call('GET', KEYS[1])) or 0, now), now + burst * interval)
local granted = math.min(wanted, math.max(burst - math.ceil((due - now) / interval), 0))
due = due + granted * interval
if granted > 0 then redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000)) end
return { granted, due - (burst - 1) * interval - now }`;

/** Once Redis has failed, this long nobody waits for it again. */
const AWAY_MS = 1000;

export type MemoryRateLimiterOptions = { ratePerS: number; nowMs?: () => number };

/** Holds the rate within this process. */
export function createMemoryRateLimiter({
  ratePerS,
  nowMs = () => performance.now(),
}: MemoryRateLimiterOptions): RateLimiter {
  const take = createCell(ratePerS, nowMs);
  return {
    async take() {
      const { granted, waitMs } = take(1);
      return granted === 1 ? 0 : waitMs;
    },
  };
}

export type RedisRateLimiterOptions = MemoryRateLimiterOptions & {
  redis: RedisClient;
  key: string;
  logger: Logger;
};

/**
 * Holds the rate over all workers that use the same key. Who asks while an answer is under way is asked for
 * with the next call, together: one round trip for many, and no place is ever taken in advance. Without Redis each worker holds
 * the rate by itself, until it is back.
 */
export function createRedisRateLimiter({
  redis,
  key,
  ratePerS,
  logger,
  nowMs = () => performance.now(),
}: RedisRateLimiterOptions): RateLimiter {
  const { intervalUs, burst } = toPace(ratePerS);
  const takeHere = createCell(ratePerS, nowMs);
  let awayUntilMs = Number.NEGATIVE_INFINITY;

  async function takeMany(wanted: number): Promise<Grant> {
    if (nowMs() < awayUntilMs) return takeHere(wanted);
    try {
      return toGrant(await redis.eval(TAKE_SCRIPT, 1, key, intervalUs, burst, wanted));
    } catch (error) {
      awayUntilMs = nowMs() + AWAY_MS;
      logger.warn({ err: error, key }, 'without Redis this worker holds the rate of a provider by itself');
      return takeHere(wanted);
    }
  }

  return createCoalesced(takeMany, intervalUs / 1000);
}

function toGrant(answer: unknown): Grant {
  if (!Array.isArray(answer)) throw new TypeError('the rate script answered something else');
  const [granted, waitUs]: unknown[] = answer;
  if (typeof granted !== 'number' || typeof waitUs !== 'number')
    throw new TypeError('the rate script answered something else');
  return { granted, waitMs: toMs(waitUs) };
}

/** Rounded up: who comes too early is told to wait again. */
function toMs(us: number): number {
  return Math.max(Math.ceil(us / 1000), 1);
}

function createCoalesced(takeMany: (wanted: number) => Promise<Grant>, intervalMs: number): RateLimiter {
  let waiting: ((waitMs: number) => void)[] = [];
  let isAsking = false;

  async function ask(): Promise<void> {
    isAsking = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const { granted, waitMs } = await takeMany(batch.length);
      // Those who got none come back one after the other, as places become free.
      for (const [place, answer] of batch.entries())
        answer(place < granted ? 0 : Math.ceil(waitMs + (place - granted) * intervalMs));
    }
    isAsking = false;
  }

  return {
    take() {
      const { promise, resolve } = Promise.withResolvers<number>();
      waiting.push(resolve);
      if (!isAsking) void ask();
      return promise;
    },
  };
}
