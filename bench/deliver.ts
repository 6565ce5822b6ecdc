import { startPostfixRelay, whyNoPostfix } from './delivery/postfix.ts';
import { type DeliverSample, measureDeliver, measureRelay } from './delivery/measure-deliver.ts';
import { startProduct } from './delivery/product.ts';
import { type BenchServers, startBenchServers } from './delivery/servers.ts';
import { startControl, startNaive } from './delivery/yardsticks.ts';
import { readReceipt } from './mails.ts';
import { toBarChart } from './plot.ts';
import { type BenchReport, percentile, type Plot, round, toTable } from './report.ts';

const ROUNDS = 5;
/** The control is no limit unless it is this many times faster than what most people would write. */
const CONTROL_TO_NAIVE_AT_LEAST = 10;

/** Mails a sample: enough for two seconds or so of each, so that a worker is warm before the clock runs. */
const MESSAGES = { product: 1500, control: 2500, naive: 100, postfix: 1000 };

/** Nobody accepts meanwhile whom a worker should stand back for, and what it is compared with does not either. */
const NOT_NICE = '0';

const NAMES = {
  control: 'bare hand-tuned pipeline, no sandbox and no safety (limit)',
  full: 'this service, 1 worker',
  trusted: 'this service, 1 worker, SANDBOX=trusted',
  two: 'this service, 2 workers',
  naive: 'Express, BullMQ, official render, nodemailer on Node',
  postfix: 'Postfix relaying mail of the same size',
};

/** For the picture, where there is less room. */
const SHORT_NAMES = {
  control: 'bare pipeline (limit)',
  full: 'this service',
  trusted: 'this service, trusted',
  two: 'this service, 2 workers',
  naive: 'naive stack on Node',
  postfix: 'Postfix',
} as const satisfies Record<keyof typeof NAMES, string>;

type Way = keyof typeof NAMES;
type Ways = ReadonlyMap<Way, () => Promise<DeliverSample>>;
type Samples = ReadonlyMap<Way, readonly DeliverSample[]>;

/** Measures how fast a full queue of receipts is rendered, sent and recorded, beside the limit and what else people use. */
export async function runDeliverBench(): Promise<BenchReport> {
  const servers = await startBenchServers();
  const stops: (() => Promise<void>)[] = [];
  try {
    return toReport(await measureRounds(await startWays(servers, stops)));
  } finally {
    for (const stop of stops) await stop();
    await servers.stop();
  }
}

async function startWays(servers: BenchServers, stops: (() => Promise<void>)[]): Promise<Ways> {
  const mail = readReceipt();
  const control = await startControl(servers, mail, { workerNice: NOT_NICE });
  const env = { WORKER_NICE: NOT_NICE };
  const full = await startProduct(servers, { mail, env });
  const trusted = await startProduct(servers, { mail, env, sandbox: 'trusted' });
  const naive = await startNaive(servers, mail);
  stops.push(...[control, full, trusted, naive].map((system) => system.stop));
  const one = { workers: 1, messages: MESSAGES.product };
  const ways: [Way, () => Promise<DeliverSample>][] = [
    ['control', () => measureDeliver(servers, control, { workers: 1, messages: MESSAGES.control })],
    ['full', () => measureDeliver(servers, full, one)],
    ['trusted', () => measureDeliver(servers, trusted, one)],
    ['two', () => measureDeliver(servers, full, { ...one, workers: 2 })],
    ['naive', () => measureDeliver(servers, naive, { workers: 1, messages: MESSAGES.naive })],
  ];
  const reason = whyNoPostfix();
  if (reason === null) {
    const relay = await startPostfixRelay(servers.folder, servers.sink.port);
    stops.push(relay.stop);
    ways.push(['postfix', () => measureRelay(servers, relay, MESSAGES.postfix)]);
  } else console.log(`without Postfix: ${reason}`);
  return new Map(ways);
}

async function measureRounds(ways: Ways): Promise<Samples> {
  const samples = new Map([...ways.keys()].map((way): [Way, DeliverSample[]] => [way, []]));
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    for (const [way, measure] of ways) samples.get(way)?.push(await measure());
  }
  return samples;
}

function medianOf(samples: Samples, way: Way, key: keyof DeliverSample): number {
  return percentile(
    (samples.get(way) ?? []).map((sample) => sample[key]),
    0.5,
  );
}

/** The median over the rounds of how many times as fast a way was as another in the same round. */
function ratio(samples: Samples, way: Way, other: Way): number {
  const others = samples.get(other) ?? [];
  const ratios = (samples.get(way) ?? []).map(
    ({ messagesPerS }, index) => messagesPerS / (others[index]?.messagesPerS ?? Number.NaN),
  );
  return percentile(ratios, 0.5);
}

function toReport(samples: Samples): BenchReport {
  const controlToNaive = ratio(samples, 'control', 'naive');
  const table = toTable([
    ['receipts of 20 items', 'messages/s', 'CPU µs of the workers a message', 'of the limit'],
    ...[...samples.keys()].map((way) => [
      NAMES[way],
      medianOf(samples, way, 'messagesPerS').toFixed(0),
      medianOf(samples, way, 'cpuUsPerMessage').toFixed(0),
      ratio(samples, way, 'control').toFixed(2),
    ]),
  ]);
  if (controlToNaive < CONTROL_TO_NAIVE_AT_LEAST) {
    throw new Error(
      `${table}\n\nthe control is only ${controlToNaive.toFixed(1)} times the naive stack: it is no limit`,
    );
  }
  const figures = {
    ratioToControl: ratio(samples, 'full', 'control'),
    ratioToControlTrusted: ratio(samples, 'trusted', 'control'),
    ratioToNaive: ratio(samples, 'full', 'naive'),
    ratioToPostfix: ratio(samples, 'full', 'postfix'),
    ratioToPostfixTrusted: ratio(samples, 'trusted', 'postfix'),
    messagesPerS: medianOf(samples, 'full', 'messagesPerS'),
    cpuUsPerMessage: medianOf(samples, 'full', 'cpuUsPerMessage'),
    twoWorkersRatio: ratio(samples, 'two', 'full'),
    controlToNaive,
  };
  const figured = Object.entries(figures).map(([name, value]) => [name, round(value)]);
  return {
    table: `${table}\n\nMedians of ${ROUNDS} rounds, the ways in turn.`,
    figures: Object.fromEntries(figured),
    plots: [toPlot(samples)],
  };
}

function toPlot(samples: Samples): Plot {
  const ways = [...samples.keys()];
  return toBarChart({
    name: 'deliver',
    title: 'Rendered, sent and recorded',
    unit: 'messages/s',
    bars: ways.map((way) => ({ label: SHORT_NAMES[way], value: medianOf(samples, way, 'messagesPerS') })),
  });
}
