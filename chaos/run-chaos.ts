import { account, type Account } from './accounting.ts';
import { createLoadClients, findAbilities } from './accounts.ts';
import type { ChaosArguments } from './arguments.ts';
import { planBlows } from './blow-plan.ts';
import { collectEvidence, settle } from './collect.ts';
import type { Evidence } from './evidence.ts';
import { createFaultPlan } from './fault-plan.ts';
import { createJournal, type Journal } from './journal.ts';
import { type LoadResult, startLoad } from './load.ts';
import { canFailOver } from './provider-settings.ts';
import { planRequest } from './request-plan.ts';
import { countCrashes, type Stage, startStage } from './stage.ts';
import { strikeByPlan } from './strike.ts';

export type RunOptions = Pick<ChaosArguments, 'seconds' | 'rate' | 'seed' | 'logFolder'> & {
  print: (line: string) => void;
  /** Ends the run early, and everything that it started. */
  signal: AbortSignal;
};

export type ChaosResult = {
  evidence: Evidence;
  account: Account;
  load: LoadResult;
  /** How often a process of the service ended by itself. */
  crashes: number;
  settleMs: number;
};

const SHAPE = { apis: 2, workers: 3, concurrency: 10, leaseMs: 10_000 };
const CLIENTS = 3;
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
  journal.say(
    `seed ${seed}: starting PostgreSQL, Redis, ${SHAPE.apis} APIs, ${SHAPE.workers} workers, providers: ${providerNames.join(', ')}`,
  );
  const faults = createFaultPlan(seed);
  const stage = await startStage({ ...SHAPE, providerNames, faults, journal, signal, logFolder });
  try {
    return signal.aborted ? null : await runOnStage(stage, journal, options);
  } finally {
    await stage.stop();
  }
}

async function runOnStage(
  stage: Stage,
  journal: Journal,
  { seconds, rate, seed, signal }: RunOptions,
): Promise<ChaosResult | null> {
  const admin = { url: stage.apiUrls[0] ?? '', adminKey: stage.adminKey };
  const clients = await createLoadClients(admin, CLIENTS);
  const abilities = await findAbilities(admin);
  const manner = abilities.isIdempotent ? ', repeated with its Idempotency-Key where an answer is lost' : '';
  journal.say(`load: ${rate} messages/s for ${seconds} s${manner}`);
  const plan = (number: number) => planRequest(number, { seed, isFull: abilities.isFull, now: Date.now });
  const load = startLoad({ urls: stage.apiUrls, clients, abilities, plan, seconds, rate, signal });
  const stopTelling = startTelling(stage, journal, load.acceptedCount);
  try {
    const blows = planBlows(seed, { ...SHAPE, seconds, providers: stage.providers.length });
    const [loaded] = await Promise.all([load.finished, strikeByPlan(blows, { stage, journal, signal })]);
    const settleMs = await settleAndTell(stage, journal, signal);
    if (signal.aborted) return null;
    const { isIdempotent } = abilities;
    const { incidents } = journal;
    const evidence = await collectEvidence({ ...SHAPE, stage, incidents, clients, isIdempotent, loaded });
    return { evidence, account: account(evidence), load: loaded, crashes: countCrashes(stage), settleMs };
  } finally {
    stopTelling();
  }
}

/** Waits, within a limit, until no message waits for anything; returns how long that took. */
export async function settleAndTell(stage: Stage, journal: Journal, signal: AbortSignal): Promise<number> {
  if (signal.aborted) return 0;
  journal.say('the load is over and everything is back: waiting until no message waits for anything');
  const startedAt = performance.now();
  await settle({
    databaseUrl: stage.databaseUrl,
    limitMs: SETTLE_LIMIT_MS,
    signal,
    onWaiting: (unfinished) => journal.say(`${unfinished} messages are not at their end yet`),
  });
  const settleMs = Math.round(performance.now() - startedAt);
  journal.say(`settled after ${(settleMs / 1000).toFixed(1)} s`);
  return settleMs;
}

function startTelling({ providers }: Stage, journal: Journal, acceptedCount: () => number): () => void {
  const timer = setInterval(() => {
    const arrived = providers.flatMap(({ visits }) => visits).filter(({ isStored }) => isStored).length;
    journal.say(`accepted ${acceptedCount()}, arrived ${arrived}`);
  }, TELL_EVERY_MS);
  return () => clearInterval(timer);
}
