import { createHash } from 'node:crypto';
import type { RedisClient } from '../queue/redis.ts';
import type { RateLimiter, RateUse } from './rate-limiter.ts';

/** {@link decideRate} where all processes meet, on the clock of Redis, so that hosts need not agree about the time. */
const SCRIPT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local interval = 60000 / tonumber(ARGV[1])
local before = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local after = before + tonumber(ARGV[2]) * interval
local over = after - now - 60000
local allowed = over <= 0.001
local kept = allowed and after or before
if allowed then
  redis.call('SET', KEYS[1], string.format('%.3f', kept), 'PX', math.max(1, math.ceil(kept - now)))
end
return { allowed and 1 or 0, math.floor((60000 - (kept - now)) / interval + 0.000001), math.ceil(kept - now),
  allowed and 0 or math.ceil(over) }`;
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

const KEY_PREFIX = 'mailer:rate:';

/** While Redis is away it is asked again this often only; each question could take the time of a broken connection. */
const ASK_AGAIN_MS = 1000;

/**
 * Allowances shared by all processes. While Redis is away each process counts for itself: a limit that is too generous for a while
 * is better than mail that is refused.
 */
export function createRedisRateLimiter({
  redis,
  fallback,
  nowMs,
}: {
  redis: RedisClient;
  fallback: RateLimiter;
  nowMs: () => number;
}): RateLimiter {
  let awayUntilMs = 0;
  return {
    async take(use) {
      if (nowMs() < awayUntilMs) return fallback.take(use);
      try {
        return await takeFromRedis(redis, use);
      } catch {
        awayUntilMs = nowMs() + ASK_AGAIN_MS;
        return fallback.take(use);
      }
    },
  };
}

async function takeFromRedis(redis: RedisClient, { key, limit, cost }: RateUse) {
  const answer = await evaluate(redis, [KEY_PREFIX + key, limit, cost]);
  if (!Array.isArray(answer)) throw new TypeError('the rate limit script answered something else');
  const [isAllowed, remaining, resetMs, retryAfterMs] = answer.map(Number);
  if (remaining === undefined || resetMs === undefined || retryAfterMs === undefined)
    throw new TypeError('the rate limit script answered too little');
  return { isAllowed: isAllowed === 1, remaining, resetMs, retryAfterMs };
}

/** By its hash; a Redis that was restarted has to be told the script again. */
async function evaluate(redis: RedisClient, [key, ...args]: [string, number, number]): Promise<unknown> {
  try {
    return await redis.evalsha(SCRIPT_SHA, 1, key, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(SCRIPT, 1, key, ...args);
  }
}
