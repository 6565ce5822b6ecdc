import { randomInt } from 'node:crypto';
import { isAvailable } from '../server/test/support/requires.ts';
import { type ChaosArguments, parseChaosArguments, USAGE } from './arguments.ts';
import { isGoodRun, toJson, toTable } from './report.ts';
import { runChaos } from './run-chaos.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const INTERRUPTED = 130;

/** One run; resolves with the exit code. */
async function run({ scenario: _scenario, isJson, ...wanted }: ChaosArguments, signal: AbortSignal): Promise<number> {
  const result = await runChaos({ ...wanted, print: console.log, signal });
  if (!result) return INTERRUPTED;
  console.log(toTable(wanted.seed, result));
  if (isJson) console.log(JSON.stringify(toJson(wanted.seed, result)));
  return isGoodRun(result) ? 0 : 1;
}

async function main(words: readonly string[]): Promise<number> {
  const wanted = parseChaosArguments(words, randomInt(2 ** 32));
  if (typeof wanted === 'string') {
    console.error(`${wanted}\n\n${USAGE}`);
    return 2;
  }
  if (!isAvailable('initdb', 'postgres', 'redis-server')) {
    console.error('./dev chaos needs PostgreSQL and redis-server installed; it starts private ones of its own');
    return 2;
  }
  const abort = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => abort.abort());
  return run(wanted, abort.signal);
}

process.exitCode = await main(process.argv.slice(2));
