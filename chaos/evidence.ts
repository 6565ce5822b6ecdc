import type { Incident } from './journal.ts';
import type { Visit } from './provider.ts';

/** A message that was promised: a 202 with its id reached the caller. */
export type Promised = { id: string; token: string; recipients: readonly string[] };

/** What the API says of a message at the end. */
export type MessageState = { status: string; attempts: number; lastError: string | null };

/** One step of a message's timeline, as the API tells it. */
export type Step = {
  type: string;
  at: number;
  attempt: number;
  provider: string | null;
  detail: string | null;
};

/** All that is known when a run is over: what was promised, what arrived, what was done in between. */
export type Evidence = {
  promises: readonly Promised[];
  /** Tokens of requests whose answer never came: nothing was promised, and a mail of theirs is nobody's error. */
  unansweredTokens: ReadonlySet<string>;
  /** True where requests carried an idempotency key and were repeated: a token must then have one message at most. */
  isIdempotent: boolean;
  states: ReadonlyMap<string, MessageState>;
  /** Of every message that did not simply end well. */
  timelines: ReadonlyMap<string, readonly Step[]>;
  visits: readonly Visit[];
  incidents: readonly Incident[];
  /** Messages that one worker works on at once, and how many workers there are. */
  concurrency: number;
  workers: number;
  leaseMs: number;
};
