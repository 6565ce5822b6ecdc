import type { BreakerPass, CircuitBreaker } from './circuit-breaker.ts';
import type { Provider, SendResult } from './provider.ts';
import type { RateLimiter } from './rate-limit.ts';

/** How often a provider gave which kind of result, in this process. */
export type ResultCounts = Record<SendResult['kind'], number>;

/** One provider with everything that decides whether it may have a message now. */
export type Lane = {
  readonly provider: Provider;
  readonly kind: string | null;
  readonly order: number;
  readonly weight: number;
  readonly ratePerS: number | null;
  readonly breaker: CircuitBreaker;
  readonly counts: ResultCounts;
  /** Asks for the right to send one message now. */
  admit(): Promise<Admission>;
  /** Records what came of a message that was admitted. */
  settle(pass: BreakerPass, result: SendResult, signal: AbortSignal): void;
};

export type Admission =
  | { kind: 'admitted'; pass: BreakerPass }
  /** Not now; `isForRate` where the provider is well and only its rate is used up. */
  | { kind: 'wait'; waitMs: number; isForRate: boolean };

export type LaneOptions = Pick<Lane, 'provider' | 'kind' | 'order' | 'weight' | 'ratePerS' | 'breaker'> & {
  limiter: RateLimiter | null;
  nowMs: () => number;
};

/** How long a provider that says we are too fast is left alone: what it asks for within bounds, else this. */
const REST_MS = 1000;
const MAX_REST_MS = 60_000;

export function createLane({ limiter, nowMs, ...facts }: LaneOptions): Lane {
  const { breaker } = facts;
  const counts: ResultCounts = { sent: 0, rejected: 0, deferred: 0, provider_down: 0, ambiguous: 0 };
  let restUntilMs = Number.NEGATIVE_INFINITY;

  return {
    ...facts,
    counts,
    async admit() {
      const waitMs = Math.max(restUntilMs - nowMs(), breaker.waitMs());
      if (waitMs > 0) return { kind: 'wait', waitMs, isForRate: false };
      // Last, so that a place in the rate is taken only for a message that is about to go.
      const rateWaitMs = limiter ? await limiter.take() : 0;
      if (rateWaitMs > 0) return { kind: 'wait', waitMs: rateWaitMs, isForRate: true };
      const pass = breaker.acquire();
      if (pass) return { kind: 'admitted', pass };
      // It changed while the limiter was asked.
      return { kind: 'wait', waitMs: breaker.waitMs(), isForRate: false };
    },
    settle(pass, result, signal) {
      counts[result.kind] += 1;
      if (result.kind === 'deferred' && result.isThrottled)
        restUntilMs = nowMs() + Math.min(result.retryAfterMs ?? REST_MS, MAX_REST_MS);
      const failure = failureOf(result);
      if (failure === null) pass.succeed();
      else if (isOurAbort(signal)) pass.abandon();
      else pass.fail(failure);
    },
  };
}

/**
 * What speaks against the provider: that it was out of order, or was lost in the middle. Whatever it says about a message or a
 * recipient, even that we are too fast, proves that it works.
 */
function failureOf(result: SendResult): string | null {
  return result.kind === 'provider_down' || result.kind === 'ambiguous' ? result.reason : null;
}

/** A process that stops breaks attempts off; one that ran into its time limit was kept waiting by the provider. */
function isOurAbort({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(reason instanceof DOMException && reason.name === 'TimeoutError');
}
