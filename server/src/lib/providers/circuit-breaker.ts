import { createTripRule, type TripRule, type TripSettings } from './circuit-breaker-trip-rule.ts';

/** When a breaker opens, and how long it stays open. Exact integers, as an operator sets them. */
export type BreakerSettings = TripSettings & {
  /** How long the first opening lasts; doubles with each one that follows closely. */
  openMs: number;
  maxOpenMs: number;
  /** After a recovery the messages under way at once grow from one to this many, then without bound. */
  rampCalls: number;
};

export const DEFAULT_BREAKER_SETTINGS: BreakerSettings = {
  consecutiveFailures: 5,
  windowMs: 30_000,
  minimumCalls: 20,
  failurePercent: 50,
  openMs: 5000,
  maxOpenMs: 60_000,
  rampCalls: 32,
};

/** What a breaker shows of itself; each state has its own facts only. */
export type BreakerState =
  | { kind: 'closed'; isRamping: boolean }
  | { kind: 'open'; remainingMs: number; openings: number; reason: string }
  | { kind: 'half_open'; isProbing: boolean; openings: number; reason: string };

export type BreakerChange = {
  from: BreakerState;
  to: BreakerState;
  reason: string;
  /** True where another worker's news was the cause, which must not be told on. */
  isRemote: boolean;
};

/** The right to make one call. Exactly one of the three is called when it has ended; more change nothing. */
export type BreakerPass = {
  succeed(): void;
  fail(reason: string): void;
  /** The call ended without saying anything about the provider: we broke it off ourselves. */
  abandon(): void;
};

/** How long another worker leaves the provider alone, from now on. */
export type OpeningNews = { forMs: number; openings: number; reason: string };

export type CircuitBreaker = {
  readonly state: BreakerState;
  /** A pass where a call may be made now, else null. Half-open gives out one at a time. */
  acquire(): BreakerPass | null;
  /** 0 where `acquire` would give a pass, else when to ask again. */
  waitMs(): number;
  /** Another worker's breaker opened. Own evidence counts for more: see docs/decisions/0033-breaker-news.md. */
  hintOpened(news: OpeningNews): void;
  /** Another worker's provider answered again: an open breaker probes now, and believes its own probe only. */
  hintClosed(): void;
};

export type CircuitBreakerOptions = {
  settings?: Partial<BreakerSettings>;
  onChange?: (change: BreakerChange) => void;
  /** A clock that never jumps. */
  nowMs?: () => number;
  /** From 0 up to 1. */
  random?: () => number;
};

type Closed = {
  kind: 'closed';
  /** Null where it was never open. */
  recoveredAtMs: number | null;
  openings: number;
  inFlight: number;
  maxInFlight: number;
};
type Open = { kind: 'open'; untilMs: number; openings: number; reason: string };
type HalfOpen = { kind: 'half_open'; isProbing: boolean; openings: number; reason: string };

type Machine = {
  state: Closed | Open | HalfOpen;
  readonly settings: BreakerSettings;
  readonly rule: TripRule;
  readonly onChange: (change: BreakerChange) => void;
  readonly nowMs: () => number;
  readonly random: () => number;
};

/** While a probe is under way nobody knows when it ends. */
const PROBE_RECHECK_MS = 1000;
/** A ramp widens with every success: about the time of one call. */
const RAMP_RECHECK_MS = 25;

/**
 * Creates a closed breaker for one provider in one worker. Time moves it only when somebody asks: an open breaker becomes
 * half-open with the first `acquire` after its time.
 */
export function createCircuitBreaker({
  settings: given = {},
  onChange = () => {},
  nowMs = () => performance.now(),
  random = Math.random,
}: CircuitBreakerOptions = {}): CircuitBreaker {
  const settings = { ...DEFAULT_BREAKER_SETTINGS, ...given };
  const never = { recoveredAtMs: null, openings: 0, inFlight: 0, maxInFlight: Number.POSITIVE_INFINITY };
  const machine: Machine = {
    state: { kind: 'closed', ...never },
    settings,
    rule: createTripRule(settings, nowMs),
    onChange,
    nowMs,
    random,
  };
  return {
    get state() {
      return show(machine);
    },
    acquire: () => acquire(machine),
    waitMs: () => waitMs(machine),
    hintOpened: (news) => hintOpened(machine, news),
    hintClosed: () => hintClosed(machine),
  };
}

function show({ state, nowMs }: Machine): BreakerState {
  switch (state.kind) {
    case 'closed':
      return { kind: 'closed', isRamping: Number.isFinite(state.maxInFlight) };
    case 'open': {
      const { openings, reason } = state;
      return { kind: 'open', remainingMs: Math.max(state.untilMs - nowMs(), 0), openings, reason };
    }
    case 'half_open':
      return { ...state };
  }
}

function acquire(machine: Machine): BreakerPass | null {
  if (waitMs(machine) > 0) return null;
  const { state } = machine;
  switch (state.kind) {
    case 'closed':
      return createCallPass(machine, state);
    case 'open':
      return createProbePass(machine, halve(machine, state, { reason: 'its time is over', isRemote: false }));
    case 'half_open':
      return createProbePass(machine, state);
  }
}

function waitMs({ state, nowMs }: Machine): number {
  switch (state.kind) {
    case 'closed':
      return state.inFlight < state.maxInFlight ? 0 : RAMP_RECHECK_MS;
    case 'open':
      return Math.max(state.untilMs - nowMs(), 0);
    case 'half_open':
      return state.isProbing ? PROBE_RECHECK_MS : 0;
  }
}

type Move = { to: Machine['state']; reason: string; isRemote?: boolean };

function move(machine: Machine, { to, reason, isRemote = false }: Move): void {
  const from = show(machine);
  machine.state = to;
  machine.onChange({ from, to: show(machine), reason, isRemote });
}

function halve(machine: Machine, { openings, reason }: Open, cause: Omit<Move, 'to'>): HalfOpen {
  const to: HalfOpen = { kind: 'half_open', isProbing: false, openings, reason };
  move(machine, { to, ...cause });
  return to;
}

function open(machine: Machine, { openings, reason }: { openings: number; reason: string }): void {
  const { settings, nowMs, random } = machine;
  const stepMs = Math.min(settings.openMs * 2 ** Math.min(openings - 1, 30), settings.maxOpenMs);
  // Between half and the whole of the step, so that workers which lost a provider together do not probe it together.
  const untilMs = nowMs() + Math.round(stepMs / 2 + (stepMs / 2) * random());
  move(machine, { to: { kind: 'open', untilMs, openings, reason }, reason });
}

function close(machine: Machine, { openings }: HalfOpen): void {
  machine.rule.reset();
  const recoveredAtMs = machine.nowMs();
  const to: Closed = { kind: 'closed', recoveredAtMs, openings, inFlight: 0, maxInFlight: 0 };
  widen(machine, to);
  move(machine, { to, reason: 'a probe succeeded' });
}

function widen({ settings }: Machine, closed: Closed): void {
  closed.maxInFlight += 1;
  if (closed.maxInFlight >= settings.rampCalls) closed.maxInFlight = Number.POSITIVE_INFINITY;
}

function isFreshlyRecovered({ settings, nowMs }: Machine, { recoveredAtMs }: Closed): boolean {
  return recoveredAtMs !== null && nowMs() - recoveredAtMs < settings.windowMs;
}

/**
 * Every pass belongs to the state in which it was given out: what ends after a change tells of the past (a success that
 * began before the outage, a failure from before the recovery) and counts for nothing.
 */
function createCallPass(machine: Machine, closed: Closed): BreakerPass {
  closed.inFlight += 1;
  const end = oncePass(() => {
    closed.inFlight -= 1;
    return machine.state === closed;
  });
  return {
    succeed() {
      if (!end()) return;
      machine.rule.countSuccess();
      widen(machine, closed);
    },
    fail(reason) {
      const why = end() ? machine.rule.countFailure() : null;
      if (why === null) return;
      // A provider that falls over again right after it came back is left alone for longer.
      const openings = isFreshlyRecovered(machine, closed) ? closed.openings + 1 : 1;
      open(machine, { openings, reason: `${why}, the last: ${reason}` });
    },
    abandon() {
      end();
    },
  };
}

function createProbePass(machine: Machine, halfOpen: HalfOpen): BreakerPass {
  halfOpen.isProbing = true;
  const end = oncePass(() => {
    halfOpen.isProbing = false;
    return machine.state === halfOpen;
  });
  return {
    succeed() {
      if (end()) close(machine, halfOpen);
    },
    fail(reason) {
      if (end()) open(machine, { openings: halfOpen.openings + 1, reason: `a probe failed: ${reason}` });
    },
    abandon() {
      end();
    },
  };
}

function oncePass(end: () => boolean): () => boolean {
  let isOver = false;
  return () => {
    if (isOver) return false;
    isOver = true;
    return end();
  };
}

function hintOpened(machine: Machine, { forMs, openings, reason }: OpeningNews): void {
  const { state, settings, nowMs } = machine;
  if (forMs <= 0) return;
  const untilMs = nowMs() + Math.min(forMs, settings.maxOpenMs);
  if (state.kind === 'open') {
    state.untilMs = Math.max(state.untilMs, untilMs);
    state.openings = Math.max(state.openings, openings);
    return;
  }
  // A probe that is under way, or one that has just succeeded, knows better.
  if (state.kind === 'half_open' ? state.isProbing : isFreshlyRecovered(machine, state)) return;
  move(machine, { to: { kind: 'open', untilMs, openings, reason }, reason, isRemote: true });
}

function hintClosed(machine: Machine): void {
  if (machine.state.kind !== 'open') return;
  halve(machine, machine.state, { reason: 'it answered another worker', isRemote: true });
}
