import type { ObservableCallback } from '@opentelemetry/api';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { BreakerBroadcast, BreakerNews } from './breaker-broadcast.ts';
import type { BreakerChange, BreakerState } from './circuit-breaker.ts';
import type { Lane } from './router-lane.ts';

const LEVELS: Readonly<Record<BreakerState['kind'], number>> = { closed: 0, half_open: 1, open: 2 };

/** Whom a change of a breaker concerns. */
export type BreakerReporting = {
  logger: Logger;
  metrics: Metrics;
  broadcast: BreakerBroadcast;
  onBreakerChange?: (provider: string, change: BreakerChange) => void;
};

/** Logs, counts and tells the other workers about a change. */
export function reportBreakerChange(
  { logger, metrics, broadcast, onBreakerChange }: BreakerReporting,
  name: string,
  change: BreakerChange,
): void {
  const { from, to, reason, isRemote } = change;
  const level = to.kind === 'open' ? 'warn' : 'info';
  const remainingMs = to.kind === 'open' ? { for_ms: Math.round(to.remainingMs) } : {};
  logger[level](
    { provider: name, from: from.kind, to: to.kind, reason, remote: isRemote, ...remainingMs },
    'a circuit breaker changed',
  );
  metrics.breakerChanges.add(1, { provider: name, to: to.kind });
  const news = isRemote ? null : toNews(name, from, to);
  if (news) broadcast.publish(news);
  onBreakerChange?.(name, change);
}

/** Told are an outage and its end. That a probe failed is no news: the others probe for themselves. */
function toNews(provider: string, from: BreakerState, to: BreakerState): BreakerNews | null {
  if (to.kind === 'closed') return { kind: 'closed', provider };
  if (from.kind !== 'closed' || to.kind !== 'open') return null;
  return { kind: 'opened', provider, forMs: to.remainingMs, openings: to.openings, reason: to.reason };
}

/** Applies what another worker told; a provider that is not ours is none of our business. */
export function applyBreakerNews(lanes: readonly Lane[], news: BreakerNews): void {
  const lane = lanes.find(({ provider }) => provider.name === news.provider);
  if (news.kind === 'opened') lane?.breaker.hintOpened(news);
  else lane?.breaker.hintClosed();
}

/** Measures the state of every breaker whenever somebody reads. */
export function observeBreakers(lanes: readonly Lane[]): ObservableCallback {
  return (result) => {
    for (const { provider, breaker } of lanes)
      result.observe(LEVELS[breaker.state.kind], { provider: provider.name });
  };
}
