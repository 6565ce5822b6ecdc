import type { KeyMode } from '../auth/api-key.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Span } from '../telemetry/tracer.ts';
import { type BreakerBroadcast, createSilentBroadcast } from './breaker-broadcast.ts';
import {
  type BreakerChange,
  type BreakerPass,
  type BreakerSettings,
  type BreakerState,
  createCircuitBreaker,
} from './circuit-breaker.ts';
import type { OutboundMail, Provider, SendOptions, SendResult } from './provider.ts';
import { createMemoryRateLimits, type RateLimits } from './rate-limit.ts';
import { applyBreakerNews, observeBreakers, reportBreakerChange } from './router-breakers.ts';
import { chooseLane, createPatience, type LaneGroups, toGroups } from './router-choice.ts';
import { createHandOver, type HandOver, type HandOverCallbacks } from './router-hand-over.ts';
import { sendInSpan } from './send-span.ts';
import { createLane, type Lane, type ResultCounts } from './router-lane.ts';

/** Whose message it is; `boundTo` names the one provider that its client may use. */
export type RouteRequest = { mode: KeyMode; boundTo: string | null };

/** The result, and the provider that gave it; null where none was tried. */
export type RouterResult = {
  provider: string | null;
  result: SendResult | { kind: 'no_provider'; reason: string; retryAfterMs: number };
};

/**
 * What one message may take and whom it tells. A `signal` that ran into a time limit has a `TimeoutError` for its reason, as
 * `AbortSignal.timeout` gives it: that speaks against the provider, any other abort is the caller's own doing.
 */
export type RouterOptionsOfSend = Omit<SendOptions, 'onHandOver'> &
  HandOverCallbacks & {
    /** The provider named could not take the message, and another one is about to be asked. */
    onFailover: (provider: string, reason: string) => void;
    /** The attempt that this is part of, where it is followed. */
    span?: Span;
  };

/** One provider as it stands in this process. */
export type ProviderState = {
  name: string;
  /** What kind of adapter it is, where that was told. */
  kind: string | null;
  order: number;
  weight: number;
  ratePerS: number | null;
  breaker: BreakerState;
  counts: ResultCounts;
};

export type ProviderRouter = {
  /** Sends one message through the best provider that can take it now, and through the next where that one is out of order. */
  send(mail: OutboundMail, request: RouteRequest, options: RouterOptionsOfSend): Promise<RouterResult>;
  states(): ProviderState[];
  /** Closes the providers once what is under way has ended. Safe to call twice. */
  close(): Promise<void>;
};

/** A provider and its place: the lowest order comes first, equal orders share by weight. */
export type RoutedProvider = {
  provider: Provider;
  kind?: string;
  order: number;
  weight: number;
  /** Messages a second; null for no limit. */
  ratePerS: number | null;
};

export type ProviderRouterOptions = {
  providers: readonly RoutedProvider[];
  /** Has all test mail, and live mail where no provider is configured. */
  inbox: Provider;
  logger: Logger;
  metrics: Metrics;
  /** This process's own by default. */
  rateLimits?: RateLimits;
  /** Silent by default. */
  broadcast?: BreakerBroadcast;
  breaker?: Partial<BreakerSettings>;
  onBreakerChange?: (provider: string, change: BreakerChange) => void;
  /** A clock that never jumps. */
  nowMs?: () => number;
  /** From 0 up to 1. */
  random?: () => number;
  sleep?: (ms: number) => Promise<void>;
};

/** So long a message waits inside its worker for a place in a rate, rather than go to a lower order or back to the queue. */
const PATIENCE_MS = 200;
/** A provider that does not exist now may after the next start. */
const UNKNOWN_RETRY_MS = 60_000;

type Router = {
  readonly lanes: readonly Lane[];
  readonly groups: LaneGroups;
  readonly inbox: Provider;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
};

/** Creates the way out for all mail of this process; it closes what it was given. */
export function createProviderRouter(options: ProviderRouterOptions): ProviderRouter {
  const { inbox, logger, metrics, broadcast = createSilentBroadcast() } = options;
  const lanes = createLanes(options, broadcast);
  const router: Router = {
    lanes,
    groups: toGroups(lanes),
    inbox,
    logger,
    metrics,
    random: options.random ?? Math.random,
    sleep: options.sleep ?? Bun.sleep,
  };
  const observe = observeBreakers(lanes);
  metrics.breakerState.addCallback(observe);
  const unwatch = lanes.map(({ provider }) =>
    metrics.pools.watch(`provider:${provider.name}`, () => provider.use?.() ?? null),
  );
  if (lanes.length > 0) broadcast.listen((news) => applyBreakerNews(lanes, news));
  return {
    send: (mail, request, sendOptions) => send(router, { mail, request, options: sendOptions }),
    states: () => lanes.map(toState),
    async close() {
      metrics.breakerState.removeCallback(observe);
      for (const end of unwatch) end();
      await broadcast.close();
      await Promise.all([...lanes.map(({ provider }) => provider.close()), inbox.close()]);
    },
  };
}

function createLanes(options: ProviderRouterOptions, broadcast: BreakerBroadcast): Lane[] {
  const {
    rateLimits = createMemoryRateLimits(),
    nowMs = () => performance.now(),
    random = Math.random,
  } = options;
  const reporting = { ...options, broadcast };
  return options.providers.map(({ provider, kind = null, order, weight, ratePerS }) => {
    const { name } = provider;
    const breaker = createCircuitBreaker({
      settings: options.breaker ?? {},
      onChange: (change) => reportBreakerChange(reporting, name, change),
      nowMs,
      random,
    });
    const limiter = ratePerS === null ? null : rateLimits.limit(name, ratePerS);
    return createLane({ provider, kind, order, weight, ratePerS, breaker, limiter, nowMs });
  });
}

function toState({ provider, kind, order, weight, ratePerS, breaker, counts }: Lane): ProviderState {
  return {
    name: provider.name,
    kind,
    order,
    weight,
    ratePerS,
    breaker: breaker.state,
    counts: { ...counts },
  };
}

type Sending = { mail: OutboundMail; request: RouteRequest; options: RouterOptionsOfSend };

async function send(router: Router, sending: Sending): Promise<RouterResult> {
  const { mode, boundTo } = sending.request;
  if (mode === 'test' || router.lanes.length === 0) return sendToInbox(router, sending);
  if (boundTo === null) return sendThrough(router, router.groups, sending);
  const bound = router.lanes.find(({ provider }) => provider.name === boundTo);
  if (bound) return sendThrough(router, [[bound]], sending);
  const reason = `the client is bound to the provider ${JSON.stringify(boundTo)}, which is not configured`;
  return { provider: null, result: { kind: 'no_provider', reason, retryAfterMs: UNKNOWN_RETRY_MS } };
}

async function sendToInbox({ inbox }: Router, { mail, options }: Sending): Promise<RouterResult> {
  const { signal } = options;
  const sending = { signal, onHandOver: () => options.onHandOver(inbox.name) };
  const result = await sendInSpan(options.span, inbox, () => inbox.send(mail, sending));
  return { provider: inbox.name, result };
}

/** The last provider that could not take the message, and why another may. */
type Failed = { lane: Lane; result: SendResult; reason: string };

async function sendThrough(
  router: Router,
  groups: LaneGroups,
  { mail, options }: Sending,
): Promise<RouterResult> {
  const { signal } = options;
  const tried = new Set<Lane>();
  const patience = createPatience(PATIENCE_MS, router.sleep);
  const handOver = createHandOver(options);
  let failed: Failed | null = null;
  while (!signal.aborted) {
    const choice = await chooseLane(groups, { tried, patience, signal, random: router.random });
    if (choice.kind === 'none') {
      if (failed || signal.aborted) break;
      return toNoProvider(groups, choice.waitMs);
    }
    const { lane } = choice;
    const result = await attempt(router, { ...choice, mail, options, handOver, failed });
    const reason = reasonToGoOn(result);
    if (reason === null || !handOver.mayGoOn()) return { provider: lane.provider.name, result };
    failed = { lane, result, reason };
    tried.add(lane);
  }
  if (failed) return { provider: failed.lane.provider.name, result: failed.result };
  return { provider: null, result: { kind: 'provider_down', reason: 'aborted' } };
}

type Attempt = {
  lane: Lane;
  pass: BreakerPass;
  mail: OutboundMail;
  options: RouterOptionsOfSend;
  handOver: HandOver;
  failed: Failed | null;
};

async function attempt(
  router: Router,
  { lane, pass, mail, options, handOver, failed }: Attempt,
): Promise<SendResult> {
  const { provider } = lane;
  const { signal } = options;
  try {
    if (failed) await goOn(router, { failed, to: provider.name, options, handOver });
    const sending = { signal, onHandOver: handOver.by(provider.name) };
    const result = await sendInSpan(options.span, provider, () => provider.send(mail, sending));
    lane.settle(pass, result, signal);
    return result;
  } catch (error) {
    // Ours (a lost lease, say) or a defect: it says nothing about the provider.
    pass.abandon();
    throw error;
  }
}

type GoingOn = { failed: Failed; to: string; options: RouterOptionsOfSend; handOver: HandOver };

async function goOn({ metrics, logger }: Router, { failed, to, options, handOver }: GoingOn): Promise<void> {
  const { reason } = failed;
  const from = failed.lane.provider.name;
  await handOver.revoke(reason);
  metrics.failovers.add(1, { from, to });
  logger.debug({ from, to, reason }, 'a message goes on to the next provider');
  options.onFailover(from, reason);
}

/** Why another provider may take the message at once; null where this result ends it. */
function reasonToGoOn(result: SendResult): string | null {
  if (result.kind === 'provider_down') return result.reason;
  // Recipients that were refused for good must be recorded: a second result would hide them.
  const isWhole = result.kind === 'deferred' && !result.refused.some(({ isPermanent }) => isPermanent);
  return isWhole && result.isThrottled ? result.response : null;
}

/** Its text is shown to clients: it says nothing of what a provider answered to somebody else's message. */
function toNoProvider(groups: LaneGroups, waitMs: number): RouterResult {
  const reason = groups
    .flat()
    .map((lane) => `${lane.provider.name} ${describeWait(lane.breaker.state)}`)
    .join(', ');
  return {
    provider: null,
    result: { kind: 'no_provider', reason, retryAfterMs: Math.max(Math.ceil(waitMs), 1) },
  };
}

function describeWait(state: BreakerState): string {
  switch (state.kind) {
    case 'open':
      return 'is out of order';
    case 'half_open':
      return 'is being tried again';
    case 'closed':
      return state.isRamping ? 'is recovering' : 'has had as many messages as it takes for now';
  }
}
