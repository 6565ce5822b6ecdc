import type { Abilities, LoadClient } from './accounts.ts';
import { type ApiAnswer, callApi } from './api-client.ts';
import type { Promised } from './evidence.ts';
import { pause } from './pause.ts';
import type { PlannedRequest } from './request-plan.ts';

/** What the callers know when the load is over. */
export type LoadResult = {
  promises: readonly Promised[];
  unansweredTokens: ReadonlySet<string>;
  /** How often each status was answered; `none` is a connection that ended without an answer, `timeout` one that gave none. */
  answers: Readonly<Record<string, number>>;
  /** Answers that came from an earlier try of the same request. */
  replayed: number;
  /** Requests that were refused for good, which none should be. */
  refusals: readonly string[];
};

/** A load under way. */
export type Load = {
  acceptedCount(): number;
  /** Resolves when every request has its answer, or its caller has given up. */
  readonly finished: Promise<LoadResult>;
};

export type LoadOptions = {
  urls: readonly string[];
  clients: readonly LoadClient[];
  abilities: Abilities;
  /** The request with this number. */
  plan: (number: number) => PlannedRequest;
  seconds: number;
  rate: number;
  signal: AbortSignal;
  /** How long a caller goes on asking after the load is over. */
  patienceMs?: number;
};

type Running = LoadOptions & {
  giveUpAt: number;
  promises: Promised[];
  unansweredTokens: Set<string>;
  answers: Map<string, number>;
  refusals: string[];
  replayed: number;
};

const TICK_MS = 20;
/** Callers wait for their answers: beyond so many the load is held back instead of piling up. */
const MAX_IN_FLIGHT = 400;
const TRY_AGAIN_MS = 200;

/** Starts callers that ask at a steady rate, over all URLs, clients and keys in turn. */
export function startLoad(options: LoadOptions): Load {
  const { seconds, patienceMs = 60_000 } = options;
  const running: Running = {
    ...options,
    giveUpAt: performance.now() + seconds * 1000 + patienceMs,
    promises: [],
    unansweredTokens: new Set(),
    answers: new Map(),
    refusals: [],
    replayed: 0,
  };
  return { acceptedCount: () => running.promises.length, finished: runLoad(running) };
}

async function runLoad(running: Running): Promise<LoadResult> {
  const { seconds, rate, signal } = running;
  const startedAt = performance.now();
  const inFlight = new Set<Promise<void>>();
  const total = Math.round(seconds * rate);
  for (let number = 1; number <= total && !signal.aborted;) {
    const due = Math.min(((performance.now() - startedAt) / 1000) * rate, total);
    for (; number <= due && inFlight.size < MAX_IN_FLIGHT; number += 1) {
      const asking = ask(number, running);
      inFlight.add(asking);
      void forgetWhenDone(asking, inFlight);
    }
    if (performance.now() > startedAt + seconds * 1000 + TICK_MS) break;
    await pause(TICK_MS, signal);
  }
  await Promise.all(inFlight);
  const { promises, unansweredTokens, answers, refusals, replayed } = running;
  return { promises, unansweredTokens, answers: Object.fromEntries(answers), refusals, replayed };
}

async function forgetWhenDone(asking: Promise<void>, inFlight: Set<Promise<void>>): Promise<void> {
  await asking;
  inFlight.delete(asking);
}

type Next = { kind: 'done' } | { kind: 'again'; afterMs: number };

async function ask(number: number, running: Running): Promise<void> {
  const { urls, clients, abilities, signal, giveUpAt } = running;
  const request = running.plan(number);
  const client = clients[number % clients.length];
  const key = client?.keys[Math.floor(number / clients.length) % client.keys.length] ?? '';
  running.unansweredTokens.add(request.token);
  for (let turn = number; performance.now() < giveUpAt && !signal.aborted; turn += 1) {
    const answer = await callApi('POST', `${urls[turn % urls.length]}/v1/messages`, {
      key,
      body: request.body,
      idempotencyKey: abilities.isIdempotent ? request.token : null,
    });
    const next = take(answer, request, running);
    if (next.kind === 'done') return;
    await pause(next.afterMs, signal);
  }
}

/** An honest caller: believes a 202, repeats what was not answered where that is safe, and waits when it is told to. */
function take(answer: ApiAnswer, { token, recipients }: PlannedRequest, running: Running): Next {
  const { status, body, isReplayed, retryAfterMs } = answer;
  const name = nameOf(answer);
  running.answers.set(name, (running.answers.get(name) ?? 0) + 1);
  if (isReplayed) running.replayed += 1;
  if (status === 202) {
    running.promises.push({ id: String(body['messageId']), token, recipients });
    running.unansweredTokens.delete(token);
    return { kind: 'done' };
  }
  const isRefusedForNow = status === 503 || status === 429;
  const isUnclear =
    status === 0 || status >= 500 || (status === 409 && body['code'] === 'idempotency_in_progress');
  if (isRefusedForNow || (isUnclear && running.abilities.isIdempotent))
    return { kind: 'again', afterMs: retryAfterMs ?? TRY_AGAIN_MS };
  if (!isUnclear) running.refusals.push(`${token}: ${status} ${JSON.stringify(body)}`);
  return { kind: 'done' };
}

function nameOf({ status, isTimeout }: ApiAnswer): string {
  if (isTimeout) return 'timeout';
  return status === 0 ? 'none' : String(status);
}
