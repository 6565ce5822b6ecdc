import { account, type Account } from './accounting.ts';
import { createLoadClients, findAbilities } from './accounts.ts';
import { collectEvidence, countSteps } from './collect.ts';
import { NO_FAULTS } from './fault-plan.ts';
import { measureFailover, type FailoverFigures } from './failover-figures.ts';
import { createJournal, type Journal } from './journal.ts';
import { startLoad } from './load.ts';
import { pause } from './pause.ts';
import { planPlainRequest } from './request-plan.ts';
import { type RunOptions, settleAndTell } from './run-chaos.ts';
import { countCrashes, type Stage, startStage } from './stage.ts';

export type FailoverResult = { account: Account; figures: FailoverFigures; crashes: number };

const SHAPE = { apis: 2, workers: 2, concurrency: 20, leaseMs: 20_000 };
const PROVIDERS = ['primary', 'backup'];

/**
 * Takes the first provider away for a quarter of the time, at full load, and gives it back for the rest. Nothing else is
 * disturbed. Null where it was interrupted.
 */
export async function runFailover(options: RunOptions): Promise<FailoverResult | null> {
  const { seed, signal, print, logFolder } = options;
  const journal = createJournal({ print });
  journal.say(
    `seed ${seed}: starting PostgreSQL, Redis, ${SHAPE.apis} APIs, ${SHAPE.workers} workers, 2 providers`,
  );
  const stage = await startStage({
    ...SHAPE,
    providerNames: PROVIDERS,
    faults: NO_FAULTS,
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

async function runOnStage(
  stage: Stage,
  journal: Journal,
  { seconds, rate, seed, signal }: RunOptions,
): Promise<FailoverResult | null> {
  const admin = { url: stage.apiUrls[0] ?? '', adminKey: stage.adminKey };
  const clients = await createLoadClients(admin, 1);
  const abilities = await findAbilities(admin);
  journal.say(`load: ${rate} messages/s for ${seconds} s`);
  const plan = (number: number) => planPlainRequest(number, seed);
  const load = startLoad({ urls: stage.apiUrls, clients, abilities, plan, seconds, rate, signal });
  const [primary, backup] = stage.providers;
  if (!primary || !backup) throw new RangeError('failing over takes two providers');
  await pause((seconds * 1000) / 4, signal);
  const noteReturn = journal.strike('provider down', primary.name);
  const connectionsBefore = primary.mostOpen();
  await primary.goDown();
  await pause((seconds * 1000) / 4, signal);
  await primary.comeBack();
  noteReturn();
  const loaded = await load.finished;
  await settleAndTell(stage, journal, signal);
  if (signal.aborted) return null;
  const { incidents } = journal;
  const { isIdempotent } = abilities;
  const evidence = await collectEvidence({ ...SHAPE, stage, incidents, clients, isIdempotent, loaded });
  const failovers = await countSteps(stage.databaseUrl, 'failed_over');
  return {
    account: account(evidence),
    figures: measureFailover({ evidence, primary, backup, connectionsBefore, failovers }),
    crashes: countCrashes(stage),
  };
}
