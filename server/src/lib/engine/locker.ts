import { randomUUID } from 'node:crypto';
import type { RedisClient } from '../queue/redis.ts';

/** Held by the one that compiles; it expires by itself unless it is renewed, which the lock does. */
export type Lease = {
  /** Fencing token, unique to this holding. */
  token: string;
  /** Aborted once the lease is known to be lost: nothing may be published under it any more. */
  signal: AbortSignal;
  release(): Promise<void>;
};

export type BuildLock = {
  /** Takes the lock without waiting; null while another holds it. */
  acquire(key: string): Promise<Lease | null>;
};

/** Creates a lock for a single process. It needs no expiry: a holder that is gone took the lock with it. */
export function createMemoryLock(): BuildLock {
  const holders = new Map<string, string>();
  return {
    async acquire(key) {
      if (holders.has(key)) return null;
      const token = randomUUID();
      const lost = new AbortController();
      holders.set(key, token);
      return {
        token,
        signal: lost.signal,
        async release() {
          if (holders.get(key) === token) holders.delete(key);
        },
      };
    },
  };
}

export type RedisLockOptions = {
  /** A crashed holder delays the others by at most this. */
  ttlMs?: number;
  /** A third of the life by default, so that two renewals may fail. */
  renewEveryMs?: number;
  keyPrefix?: string;
};

// Both compare the token first, so that a holder whose lease has expired cannot touch its successor's.
const RELEASE_SCRIPT = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;
const RENEW_SCRIPT = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0`;

/**
 * Creates a lock that is shared through Redis: `SET NX PX` with a token, renewed at a third of its life. The lease
 * counts as lost when Redis says so, or when it could not be renewed before it must have expired.
 */
export function createRedisLock(
  redis: RedisClient,
  {
    ttlMs = 10_000,
    renewEveryMs = Math.ceil(ttlMs / 3),
    keyPrefix = 'mail:build-lock:',
  }: RedisLockOptions = {},
): BuildLock {
  return {
    async acquire(key) {
      const redisKey = keyPrefix + key;
      const token = randomUUID();
      const askedAt = performance.now();
      if ((await redis.set(redisKey, token, 'PX', ttlMs, 'NX')) !== 'OK') return null;
      const renewal = keepRenewed({ redis, redisKey, token, ttlMs, renewEveryMs, askedAt });
      return {
        token,
        signal: renewal.signal,
        async release() {
          renewal.stop();
          await redis.eval(RELEASE_SCRIPT, 1, redisKey, token);
        },
      };
    },
  };
}

type Renewal = {
  redis: RedisClient;
  redisKey: string;
  token: string;
  ttlMs: number;
  renewEveryMs: number;
  askedAt: number;
};

function keepRenewed({ redis, redisKey, token, ttlMs, renewEveryMs, askedAt }: Renewal): {
  signal: AbortSignal;
  stop(): void;
} {
  const lost = new AbortController();
  let expiresAt = askedAt + ttlMs;

  const stop = (): void => {
    clearInterval(timer);
    clearTimeout(expiry);
  };
  const lose = (): void => {
    stop();
    lost.abort();
  };
  const renew = async (): Promise<void> => {
    // counted from before the command, so that this clock never believes longer than Redis does
    const startedAt = performance.now();
    try {
      const isHeld = (await redis.eval(RENEW_SCRIPT, 1, redisKey, token, ttlMs)) === 1;
      if (!isHeld) return lose();
      expiresAt = startedAt + ttlMs;
      clearTimeout(expiry);
      expiry = setTimeout(lose, expiresAt - performance.now());
    } catch {
      // Redis may answer again before the lease ends; if it does not, the expiry timer says that it is lost
    }
  };
  const timer = setInterval(() => void renew(), renewEveryMs);
  let expiry = setTimeout(lose, expiresAt - performance.now());
  return { signal: lost.signal, stop };
}
