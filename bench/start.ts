import { join } from 'node:path';
import { loadServer } from './delivery/load.ts';
import { type ProductSystem, startProduct } from './delivery/product.ts';
import { type BenchServers, startBenchServers } from './delivery/servers.ts';
import type { BenchProcess } from './delivery/system.ts';
import { waitFor } from './delivery/wait.ts';
import { readReceipt } from './mails.ts';
import { REACT_EMAIL_VERSION, type StartedPreview, startTheirs } from './preview/previews.ts';
import { treeOf } from './preview/process-tree.ts';
import { type BenchReport, percentile, round, toTable } from './report.ts';
import { residentMbOf } from './start/memory.ts';
import { installPeer } from './start/peer.ts';
import { measureEmbedded, measureEmbeddedPeak, measureStart, type ReadyTimes } from './start/ready.ts';

const ROUNDS = 11;
const SERVICE_ROUNDS = 5;
const CONNECTIONS = 32;
const LOAD_MS = 4000;
const PEER = { name: 'resend-cli', version: '2.21.0', entry: 'dist/cli.cjs' };
const CLI = join(import.meta.dir, '..', 'cli', 'src', 'main.ts');

/** Measures how long the pieces take until they are of use, and the memory they take. */
export async function runStartBench(): Promise<BenchReport> {
  const help = await measureHelp();
  const embedded: ReadyTimes[] = [];
  for (let turn = 0; turn < SERVICE_ROUNDS; turn += 1) embedded.push(await measureEmbedded());
  const embeddedPeakMb = await measureEmbeddedPeak();
  const emailDev = await measureEmailDev();
  const servers = await startBenchServers();
  try {
    return toReport({
      help,
      embedded,
      embeddedPeakMb,
      emailDev,
      production: await measureProduction(servers),
    });
  } finally {
    await servers.stop();
  }
}

type HelpTimes = { oursMs: number[]; peerMs: number[] };

/** Both in turn, each as its users run it: ours from source on Bun, Resend's on Node. */
async function measureHelp(): Promise<HelpTimes> {
  const node = Bun.which('node');
  const peer = await installPeer(PEER.name, PEER.version, PEER.entry);
  const times: HelpTimes = { oursMs: [], peerMs: [] };
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    times.oursMs.push(await timeToEnd([process.execPath, CLI, '--help']));
    if (node && peer) times.peerMs.push(await timeToEnd([node, peer, '--help']));
  }
  return times;
}

async function timeToEnd(command: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const { exited } = Bun.spawn([...command], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
  const code = await exited;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
  return performance.now() - startedAt;
}

type Production = {
  apiReadyMs: number[];
  apiIdleMb: number;
  apiPeakMb: number;
  workerIdleMb: number;
  workerPeakMb: number;
};

async function measureProduction(servers: BenchServers): Promise<Production> {
  const product = await startProduct(servers, { mail: readReceipt() });
  const worker = await product.startWorker();
  const idle = { api: residentMbOf(product.ingest.pid).now, worker: residentMbOf(worker.pid).now };
  await loadWhole(product);
  const peak = { api: residentMbOf(product.ingest.pid).peak, worker: residentMbOf(worker.pid).peak };
  const apiReadyMs = await measureApiStarts(product);
  await stopAll([worker, product]);
  return {
    apiReadyMs,
    apiIdleMb: idle.api,
    apiPeakMb: peak.api,
    workerIdleMb: idle.worker,
    workerPeakMb: peak.worker,
  };
}

async function stopAll(parts: readonly Pick<BenchProcess, 'stop'>[]): Promise<void> {
  for (const part of parts) await part.stop();
}

/** Of `email dev` of react-email, whose pages are all that it does; of it and all below it, because it runs itself once more. */
async function measureEmailDev(): Promise<EmailDev | null> {
  const started = await startTheirs();
  if (started === null) return null;
  const memoryMb = treeOf(started.pid).reduce((sum, pid) => sum + residentMbOf(pid).now, 0);
  await started.stop();
  return { readyMs: started.readyMs, memoryMb };
}

type EmailDev = Pick<StartedPreview, 'readyMs'> & { memoryMb: number };

/** Until the last of what was accepted has been sent, so that the worker was at its busiest, too. */
async function loadWhole(product: ProductSystem): Promise<void> {
  await loadServer({
    ...product.request,
    connections: CONNECTIONS,
    requests: CONNECTIONS * 100,
    durationMs: LOAD_MS,
  });
  await waitFor(
    'all to be sent',
    async () => (await product.countRecorded()) === (await product.countAccepted()),
  );
}

/** A further API on the same database and Redis, as a rolling restart starts it. */
async function measureApiStarts({ apiEnv }: ProductSystem): Promise<number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < SERVICE_ROUNDS; turn += 1) {
    times.push((await measureStart(apiEnv)).readyMs);
  }
  return times;
}

function toReport({
  help,
  embedded,
  embeddedPeakMb,
  emailDev,
  production,
}: {
  help: HelpTimes;
  embedded: readonly ReadyTimes[];
  embeddedPeakMb: number;
  emailDev: EmailDev | null;
  production: Production;
}): BenchReport {
  const middle = (values: readonly number[]) => percentile(values, 0.5);
  const figures = {
    helpMs: middle(help.oursMs),
    peerHelpMs: middle(help.peerMs),
    apiReadyMs: middle(production.apiReadyMs),
    embeddedFirstMs: middle(embedded.map(({ firstMs }) => firstMs)),
    embeddedLaterMs: middle(embedded.map(({ laterMs }) => laterMs)),
    embeddedMb: middle(embedded.map(({ memoryMb }) => memoryMb)),
    embeddedPeakMb,
    emailDevReadyMs: emailDev?.readyMs ?? Number.NaN,
    emailDevMb: emailDev?.memoryMb ?? Number.NaN,
    apiIdleMb: production.apiIdleMb,
    apiPeakMb: production.apiPeakMb,
    workerIdleMb: production.workerIdleMb,
    workerPeakMb: production.workerPeakMb,
  };
  return {
    table: toTables(figures),
    figures: Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, round(value)])),
  };
}

function toTables(figures: Readonly<Record<string, number>>): string {
  const show = (name: string) =>
    Number.isNaN(figures[name]) ? 'not measured' : (figures[name]?.toFixed(0) ?? '');
  return [
    toTable([
      ['until it is of use', 'ms', 'goal'],
      ['`mailctl --help`', show('helpMs'), '50'],
      [`\`resend --help\` ${PEER.version}, on Node`, show('peerHelpMs'), ''],
      ['an API on PostgreSQL and Redis', show('apiReadyMs'), '300'],
      ['the embedded service, first start', show('embeddedFirstMs'), '2000'],
      ['the embedded service, later', show('embeddedLaterMs'), '1000'],
      [
        `\`email dev\` of react-email ${REACT_EMAIL_VERSION}, first answer of its pages`,
        show('emailDevReadyMs'),
        '',
      ],
    ]),
    toTable([
      ['resident memory, the process without its sandboxes', 'MB idle', 'MB at its worst under load', 'goal'],
      ['API', show('apiIdleMb'), show('apiPeakMb'), '120'],
      ['worker', show('workerIdleMb'), show('workerPeakMb'), ''],
      ['embedded', show('embeddedMb'), show('embeddedPeakMb'), ''],
      ['`email dev`, with all that it starts', show('emailDevMb'), '', ''],
    ]),
  ].join('\n\n');
}
