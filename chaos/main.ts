import { randomInt } from 'node:crypto';
import { isAvailable } from '../server/test/support/requires.ts';
import { type ChaosArguments, parseChaosArguments, USAGE } from './arguments.ts';
import { isGoodFailover, toFailoverJson, toFailoverTable } from './failover-report.ts';
import { canFailOver } from './provider-settings.ts';
import { isGoodRun, toJson, toTable } from './report.ts';
import { runChaos } from './run-chaos.ts';
import { runFailover } from './run-failover.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const MISUSED = 2;
const INTERRUPTED = 130;

type Report = { isGood: boolean; table: string; json: Record<string, unknown> };

/** Null where the run was interrupted: what then fails because its other half has ended is no news. */
async function run(wanted: ChaosArguments, signal: AbortSignal): Promise<Report | null> {
  try {
    return await runScenario(wanted, signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

async function runScenario(wanted: ChaosArguments, signal: AbortSignal): Promise<Report | null> {
  const options = { ...wanted, print: console.log, signal };
  if (wanted.scenario === 'failover') {
    const result = await runFailover(options);
    if (!result) return null;
    const table = toFailoverTable(result);
    return { isGood: isGoodFailover(result), table, json: toFailoverJson(wanted.seed, result) };
  }
  const result = await runChaos(options);
  if (!result) return null;
  return {
    isGood: isGoodRun(result),
    table: toTable(wanted.seed, result),
    json: toJson(wanted.seed, result),
  };
}

/** Why it cannot run here, as a sentence. */
function findObstacle({ scenario }: ChaosArguments): string | null {
  if (!isAvailable('initdb', 'postgres', 'redis-server'))
    return 'this needs PostgreSQL and redis-server installed; it starts private ones of its own';
  if (scenario === 'failover' && !canFailOver()) return 'this version of the service has one provider only';
  return null;
}

async function main(words: readonly string[]): Promise<number> {
  const wanted = parseChaosArguments(words, randomInt(2 ** 32));
  const obstacle = typeof wanted === 'string' ? `${wanted}\n\n${USAGE}` : findObstacle(wanted);
  if (typeof wanted === 'string' || obstacle !== null) {
    console.error(obstacle);
    return MISUSED;
  }
  const abort = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => abort.abort());
  const report = await run(wanted, abort.signal);
  if (!report) return INTERRUPTED;
  console.log(report.table);
  if (wanted.isJson) console.log(JSON.stringify(report.json));
  return report.isGood ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
