import { join } from 'node:path';
import { type AcceptSample, besideWorker, measureAccept } from './delivery/measure-accept.ts';
import { startProduct } from './delivery/product.ts';
import { type BenchServers, startBenchServers } from './delivery/servers.ts';
import type { BenchSystem } from './delivery/system.ts';
import { startControl, startNaive, startScript } from './delivery/yardsticks.ts';
import { readReceipt } from './mails.ts';
import { toBarChart, toLineChart } from './plot.ts';
import { type BenchReport, percentile, type Plot, round, toTable } from './report.ts';

const ROUNDS = 5;
const CONNECTIONS = 32;
const SWEEP = [1, 16, 32, 64, 256] as const;
const DURATION_MS = 1200;
/**
 * The control is no limit unless it is this many times faster than what most people would write: each alone and with more callers than
 * it can serve, because with few of them and a busy worker the load generator and the worker take most of a small machine.
 */
const CONTROL_TO_NAIVE_AT_LEAST = 4;
const SATURATING_CONNECTIONS = 256;
const SATURATED_ROUNDS = 3;

/** The API with a commit and an enqueue for each request. */
const UNGROUPED = join(import.meta.dir, 'delivery', 'ungrouped', 'server.ts');

type Way = 'product' | 'ungrouped' | 'control' | 'naive' | 'noop';
const WAYS: readonly Way[] = ['noop', 'control', 'product', 'ungrouped', 'naive'];
/** For the picture, where there is less room. */
const SHORT_NAMES: Record<Way, string> = {
  noop: 'empty route',
  control: 'bare ingest (limit)',
  product: 'this service',
  ungrouped: 'a commit a request',
  naive: 'naive stack on Node',
};

/** Measures what accepting a mail costs, beside the limit, a naive stack and our own empty route. */
export async function runAcceptBench(): Promise<BenchReport> {
  const servers = await startBenchServers();
  try {
    const mail = readReceipt();
    const product = await startProduct(servers, { mail });
    const ungrouped = await startProduct(servers, { mail, apiEntry: UNGROUPED });
    const control = await startControl(servers, mail);
    const naive = await startNaive(servers, mail);
    const systems = { product, ungrouped, control, naive, noop: await startNoop(product) };
    const controlToNaive = await measureControlToNaive(servers, systems);
    const samples = await measureRounds(servers, systems);
    const sweep = await measureSweep(servers, product);
    await Promise.all(Object.values(systems).map((system) => system.stop()));
    return toReport({ samples, sweep, controlToNaive });
  } finally {
    await servers.stop();
  }
}

async function startNoop({ request }: BenchSystem): Promise<Noop> {
  const server = await startScript(join(import.meta.dir, 'delivery', 'noop-server.ts'));
  return {
    ingest: server,
    request: { ...request, port: server.port },
    countAccepted: async () => 0,
    stop: server.stop,
  };
}

type Noop = Pick<BenchSystem, 'ingest' | 'request' | 'countAccepted' | 'stop'>;
type Systems = Record<Exclude<Way, 'noop'>, BenchSystem> & { noop: Noop };
type Samples = Record<Way, AcceptSample[]>;

/** The median of how many times as many requests the control takes as the naive stack, each at its limit. */
async function measureControlToNaive(
  servers: BenchServers,
  { control, naive }: Pick<Systems, 'control' | 'naive'>,
): Promise<number> {
  const options = { connections: SATURATING_CONNECTIONS, durationMs: DURATION_MS, hasRows: true };
  const ratios: number[] = [];
  for (let turn = 0; turn < SATURATED_ROUNDS; turn += 1) {
    const { requestsPerS } = await measureAccept(servers, control, options);
    ratios.push(requestsPerS / (await measureAccept(servers, naive, options)).requestsPerS);
  }
  return percentile(ratios, 0.5);
}

async function measureRounds(servers: BenchServers, systems: Systems): Promise<Samples> {
  const { product, ungrouped, control, naive } = systems;
  const samples: Samples = { product: [], ungrouped: [], control: [], naive: [], noop: [] };
  const options = { connections: CONNECTIONS, durationMs: DURATION_MS, hasRows: true };
  const measure = async (way: Way) => {
    const hasRows = way !== 'noop';
    samples[way].push(await measureAccept(servers, systems[way], { ...options, hasRows }));
  };
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    await besideWorker(control, () => measure('control'));
    // The empty route beside the same worker, so that the machine is as busy.
    await besideWorker(product, async () => {
      await measure('noop');
      await measure('product');
    });
    await besideWorker(ungrouped, () => measure('ungrouped'));
    await besideWorker(naive, () => measure('naive'));
  }
  return samples;
}

type SweepRow = { connections: number; hasWorker: boolean; sample: AcceptSample };

async function measureSweep(servers: BenchServers, product: BenchSystem): Promise<SweepRow[]> {
  const sweep = async (hasWorker: boolean) => {
    const rows: SweepRow[] = [];
    for (const connections of SWEEP) {
      const options = { connections, durationMs: DURATION_MS, hasRows: true };
      rows.push({ connections, hasWorker, sample: await measureAccept(servers, product, options) });
    }
    return rows;
  };
  return [...(await sweep(false)), ...(await besideWorker(product, () => sweep(true)))];
}

function median(samples: readonly AcceptSample[], key: keyof AcceptSample): number {
  return percentile(
    samples.map((sample) => sample[key]),
    0.5,
  );
}

/** The median over the rounds of how many times as many requests a way took as another in the same round. */
function ratio(samples: Samples, way: Way, other: Way): number {
  const ratios = samples[way].map(
    (sample, index) => sample.requestsPerS / (samples[other][index]?.requestsPerS ?? Number.NaN),
  );
  return percentile(ratios, 0.5);
}

function toReport({ samples, sweep, controlToNaive }: Measured): BenchReport {
  const names: Record<Way, string> = {
    noop: 'our framework, schema and body reader, doing nothing',
    control: 'bare hand-tuned ingest (limit)',
    product: 'this service',
    ungrouped: 'this service without group commit',
    naive: 'Express, INSERT, BullMQ add on Node',
  };
  const table = toTable([
    ['32 connections, live worker', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs: app', 'PostgreSQL', 'Redis'],
    ...WAYS.map((way) => toCells(names[way], samples[way])),
  ]);
  const sweepTable = toTable([
    ['this service', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs: app', 'PostgreSQL', 'Redis'],
    ...sweep.map(toSweepCells),
  ]);
  const product = samples.product;
  const alone = sweep.find(({ connections, hasWorker }) => connections === 1 && !hasWorker);
  const figures = {
    ratioToControl: ratio(samples, 'product', 'control'),
    ratioToNoop: ratio(samples, 'product', 'noop'),
    ratioToNaive: ratio(samples, 'product', 'naive'),
    ratioToUngrouped: ratio(samples, 'product', 'ungrouped'),
    requestsPerS: median(product, 'requestsPerS'),
    noopPerS: median(samples.noop, 'requestsPerS'),
    appCpuUs: median(product, 'appCpuUs'),
    postgresCpuUs: median(product, 'postgresCpuUs'),
    redisCpuUs: median(product, 'redisCpuUs'),
    p50Ms: median(product, 'p50Ms'),
    p99Ms: median(product, 'p99Ms'),
    p50MsAtOneConnection: alone?.sample.p50Ms ?? Number.NaN,
    controlToNaive,
  };
  const ratios = `This service takes ${figures.ratioToControl.toFixed(2)} of what the bare ingest takes, ${figures.ratioToNaive.toFixed(1)} times the naive stack, ${figures.ratioToUngrouped.toFixed(1)} times itself without group commit, ${figures.ratioToNoop.toFixed(2)} of the empty route (medians of ${ROUNDS} rounds). Alone and with ${SATURATING_CONNECTIONS} connections the bare ingest takes ${controlToNaive.toFixed(1)} times what the naive stack takes.`;
  const whole = `${table}\n\n${ratios}\n\n${sweepTable}`;
  if (controlToNaive < CONTROL_TO_NAIVE_AT_LEAST) {
    throw new Error(
      `${whole}\n\nthe control is only ${controlToNaive.toFixed(1)} times the naive stack: it is no limit`,
    );
  }
  return {
    table: whole,
    figures: Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, round(value)])),
    plots: toPlots(samples, sweep),
  };
}

type Measured = { samples: Samples; sweep: readonly SweepRow[]; controlToNaive: number };

function toPlots(samples: Samples, sweep: readonly SweepRow[]): Plot[] {
  const bars = WAYS.map((way) => ({ label: SHORT_NAMES[way], value: median(samples[way], 'requestsPerS') }));
  const values = (wanted: boolean): number[] =>
    sweep.flatMap(({ hasWorker, sample }) => (hasWorker === wanted ? sample.requestsPerS : []));
  return [
    toBarChart({
      name: 'accept',
      title: `Accepted at ${CONNECTIONS} connections, beside a busy worker`,
      unit: 'requests/s',
      bars,
    }),
    toLineChart({
      name: 'accept-connections',
      title: 'Accepted by this service',
      xLabel: 'connections',
      yLabel: 'requests/s',
      xs: SWEEP,
      series: [
        { label: 'no worker', values: values(false) },
        { label: 'busy worker', values: values(true) },
      ],
    }),
  ];
}

function toSweepCells({ connections, hasWorker, sample }: SweepRow): string[] {
  const name = `${connections} connections, ${hasWorker ? 'live worker' : 'no worker'}`;
  return toCells(name, [sample]);
}

function toCells(name: string, samples: readonly AcceptSample[]): string[] {
  const keys = ['requestsPerS', 'p50Ms', 'p99Ms', 'appCpuUs', 'postgresCpuUs', 'redisCpuUs'] as const;
  return [name, ...keys.map((key) => median(samples, key).toFixed(key.endsWith('Ms') ? 1 : 0))];
}
