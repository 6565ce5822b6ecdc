import type { RateLimiter } from '../../lib/rate-limits/rate-limiter.ts';
import { ApiError } from '../problems/problem.ts';
import type { Authenticator, Identity } from './authenticate.ts';
import { contextOf } from './request-context.ts';

/** Counts what clients ask for against their limits a minute, and says in each answer what is left. */
export type RateGate = {
  /**
   * Uses `cost` of a caller's allowance. Callers without a limit pass.
   *
   * @throws ApiError `rate_limited`
   */
  pass(request: Request, identity: Identity, cost: number): Promise<void>;
};

export function createRateGate(limiter: RateLimiter): RateGate {
  return {
    async pass(request, identity, cost) {
      const limit = identity.kind === 'client' ? identity.client.rateLimit : null;
      if (identity.kind !== 'client' || limit === null || cost <= 0) return;
      const decision = await limiter.take({ key: identity.client.id, limit, cost });
      const { headers } = contextOf(request);
      headers['ratelimit-limit'] = String(limit);
      headers['ratelimit-remaining'] = String(decision.remaining);
      headers['ratelimit-reset'] = toSeconds(decision.resetMs);
      if (!decision.isAllowed) throw tooMany({ limit, cost, retryAfterMs: decision.retryAfterMs });
    },
  };
}

/** Lets nobody be identified whose allowance is used up: each request counts as one, as soon as its caller is known. */
export function withRateLimit(authenticator: Authenticator, gate: RateGate): Authenticator {
  const pass = async (request: Request) => {
    const identity = await authenticator.identify(request);
    if (identity.kind === 'client' && identity.client.rateLimit !== null)
      await gate.pass(request, identity, 1);
    return identity;
  };
  return {
    ...authenticator,
    identify(request) {
      const context = contextOf(request);
      context.identity ??= pass(request);
      return context.identity;
    },
  };
}

type Refusal = { limit: number; cost: number; retryAfterMs: number };

function tooMany({ limit, cost, retryAfterMs }: Refusal): ApiError {
  const detail =
    cost > limit
      ? `This client may send ${limit} a minute, so that ${cost} at once never fit: send fewer.`
      : `This client may ask for ${limit} a minute. Try again in ${toSeconds(retryAfterMs)} s.`;
  return new ApiError('rate_limited', detail, { headers: { 'retry-after': toSeconds(retryAfterMs) } });
}

function toSeconds(ms: number): string {
  return String(Math.ceil(ms / 1000));
}
