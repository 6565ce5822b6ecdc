import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runAcceptBench } from './accept.ts';
import { runColdBench } from './cold.ts';
import { runDeliverBench } from './deliver.ts';
import { runLatencyBench } from './latency.ts';
import { runRenderBench } from './render.ts';
import type { BenchReport } from './report.ts';
import { runScaleBench } from './scale.ts';
import { toPlotPath, toResultsPage } from './results-page.ts';
import { runTracingBench } from './tracing.ts';
import { runStartBench } from './start.ts';

type BenchOptions = { isFull: boolean };

const BENCHES: ReadonlyMap<string, (options: BenchOptions) => Promise<BenchReport>> = new Map([
  ['render', runRenderBench],
  ['cold', runColdBench],
  ['accept', runAcceptBench],
  ['deliver', runDeliverBench],
  ['latency', runLatencyBench],
  ['start', runStartBench],
  ['scale', runScaleBench],
  ['tracing', runTracingBench],
]);

async function runOne(name: string, run: () => Promise<BenchReport>): Promise<BenchReport> {
  console.log(`${name}: measuring ...`);
  const report = await run();
  console.log(`\n${report.table}\n`);
  return report;
}

async function writeResults(reports: ReadonlyMap<string, BenchReport>): Promise<void> {
  for (const { name, svg } of [...reports.values()].flatMap(({ plots = [] }) => plots))
    await Bun.write(join(import.meta.dir, toPlotPath(name)), svg);
  await writeFile(join(import.meta.dir, 'RESULTS.md'), toResultsPage(reports));
}

async function main(words: readonly string[]): Promise<number> {
  const isJson = words.includes('--json');
  const isFull = words.includes('--full');
  const names = words.filter((word) => word !== '--json' && word !== '--full');
  const unknown = names.find((name) => !BENCHES.has(name));
  if (unknown !== undefined || names.length > 1 || (isFull && names[0] !== 'scale')) {
    console.error(
      `Usage: ./dev bench [${[...BENCHES.keys()].join(' | ')}] [--json]\n       ./dev bench scale --full`,
    );
    return 2;
  }
  const reports = new Map<string, BenchReport>();
  for (const [name, run] of BENCHES) {
    if (names.length === 0 || names.includes(name))
      reports.set(name, await runOne(name, () => run({ isFull })));
  }
  if (names.length === 0) {
    await writeResults(reports);
    console.log('bench/RESULTS.md is written');
  }
  const [name] = names;
  const figures = name === undefined ? undefined : reports.get(name)?.figures;
  const all = Object.fromEntries([...reports].map(([key, report]) => [key, report.figures]));
  if (isJson) console.log(JSON.stringify(figures ?? all));
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
