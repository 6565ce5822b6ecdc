import { account, type Account } from './accounting.ts';
import { createLoadClients, findAbilities, type Abilities, type LoadClient } from './accounts.ts';
import type { ChaosArguments } from './arguments.ts';
import { planBlows } from './blow-plan.ts';
import { readStates, readTimelines, settle } from './collect.ts';
import type { Evidence } from './evidence.ts';
import { createFaultPlan } from './fault-plan.ts';
import { createJournal, type Journal } from './journal.ts';
import { type LoadResult, startLoad } from './load.ts';
import { pause } from './pause.ts';
import { canFailOver } from './provider-settings.ts';
import { type Stage, startStage } from './stage.ts';
import { strikeByPlan } from './strike.ts';

export type RunOptions = Pick<ChaosArguments, 'seconds' | 'rate' | 'seed' | 'logFolder'> & {
  print: (line: string) => void;
  /** Ends the run early, and everything that it started. */
  signal: AbortSignal;
};

export type ChaosResult = {
  evidence: Evidence;
  account: Account;
  load: Pick<LoadResult, 'answers' | 'replayed' | 'refusals'> & { unanswered: number };
  /** Processes of the service that ended by themselves. */
  crashes: number;
  settleMs: number;
};

const APIS = 2;
const WORKERS = 3;
const CONCURRENCY = 10;
const CLIENTS = 3;
const LEASE_MS = 8000;
const SETTLE_LIMIT_MS = 120_000;
const TELL_EVERY_MS = 5000;

/**
 * Starts the whole service with real servers, puts it under load, kills its parts by a plan, lets it settle and accounts
 * for every accepted message. Null where it was interrupted.
 */
export async function runChaos(options: RunOptions): Promise<ChaosResult | null> {
  const { seed, signal, print, logFolder } = options;
  const journal = createJournal({ print });
  const providerNames = canFailOver() ? ['primary', 'backup'] : ['smtp'];
  journal.say(`seed ${seed}: starting PostgreSQL, Redis, ${APIS} APIs, ${WORKERS} workers, ${providerNames.length} providers`);
  const stage = await startStage({
    apiCount: APIS,
    workerCount: WORKERS,
    concurrency: CONCURRENCY,
    leaseMs: LEASE_MS,
    providerNames,
    faults: createFaultPlan(seed),
    journal,
    signal,
    logFolder,
  });
  try {
    return signal.aborted ? null : await runOnStage(stage, journal, options);
  } finally {
    await stage.stop();
  }
}

async function runOnStage(stage: Stage, journal: Journal, options: RunOptions): Promise<ChaosResult | null> {
  const { seconds, rate, seed, signal } = options;
  const admin = { url: stage.apiUrls[0] ?? '', adminKey: stage.adminKey };
  const clients = await createLoadClients(admin, CLIENTS);
  const abilities = await findAbilities(admin);
  journal.say(`load: ${rate} messages/s for ${seconds} s${abilities.isIdempotent ? ', repeated with the same Idempotency-Key where the answer is lost' : ''}`);
  const load = startLoad({ urls: stage.apiUrls, clients, abilities, seconds, rate, seed, signal });
  const stopTelling = startTelling(stage, journal, load.acceptedCount);
  const blows = planBlows(seed, {
    seconds,
    apis: APIS,
    workers: WORKERS,
    providers: stage.providers.length,
  });
  const [loaded] = await Promise.all([load.finished, strikeByPlan(blows, { stage, journal, signal })]);
  journal.say(`the load is over: ${loaded.promises.length} accepted; everything is back, waiting for the rest`);
  const settledAt = performance.now();
  await settle({
    databaseUrl: stage.databaseUrl,
    limitMs: SETTLE_LIMIT_MS,
    signal,
    onWaiting: (unfinished) => journal.say(`${unfinished} messages are not at their end yet`),
  });
  const settleMs = Math.round(performance.now() - settledAt);
  stopTelling();
  if (signal.aborted) return null;
  journal.say(`settled after ${(settleMs / 1000).toFixed(1)} s; accounting`);
  const evidence = await collectEvidence({ stage, journal, clients, abilities, loaded });
  const crashes = [...stage.apis, ...stage.workers].reduce((sum, member) => sum + member.crashCount(), 0);
  const { answers, replayed, refusals, unansweredTokens } = loaded;
  return {
    evidence,
    account: account(evidence),
    load: { answers, replayed, refusals, unanswered: unansweredTokens.size },
    crashes,
    settleMs,
  };
}

function startTelling({ providers }: Stage, journal: Journal, acceptedCount: () => number): () => void {
  const timer = setInterval(() => {
    const arrived = providers.flatMap(({ visits }) => visits).filter(({ isStored }) => isStored).length;
    journal.say(`accepted ${acceptedCount()}, arrived ${arrived}`);
  }, TELL_EVERY_MS);
  return () => clearInterval(timer);
}

type Collecting = {
  stage: Stage;
  journal: Journal;
  clients: readonly LoadClient[];
  abilities: Abilities;
  loaded: LoadResult;
};

/** Asks the API for all it knows, once everything is at its end. */
export async function collectEvidence({ stage, journal, clients, abilities, loaded }: Collecting): Promise<Evidence> {
  const url = stage.apiUrls[0] ?? '';
  // What a worker wrote last may be on its way to a provider's log still.
  await pause(200, AbortSignal.timeout(1000));
  const states = await readStates(url, clients);
  const odd = loaded.promises.filter(({ id }) => !['sent', 'delivered'].includes(states.get(id)?.status ?? ''));
  return {
    promises: loaded.promises,
    unansweredTokens: loaded.unansweredTokens,
    isIdempotent: abilities.isIdempotent,
    states,
    timelines: await readTimelines(url, clients, odd.map(({ id }) => id)),
    visits: stage.providers.flatMap(({ visits }) => visits),
    incidents: journal.incidents,
    concurrency: CONCURRENCY,
    workers: WORKERS,
    leaseMs: LEASE_MS,
  };
}
