import { createInProcessRenderer } from '../server/src/lib/engine/fixtures/in-process-renderer.ts';
import { startBenchEngine, type BenchEngine } from './bench-engine.ts';
import { readMails, type Mail } from './mails.ts';
import { loadReferenceRenderers, type ReferenceRenderers } from './reference-renderers.ts';
import { percentile, round, toTable, type BenchReport } from './report.ts';

const ROUNDS = 21;
const RENDERS_A_ROUND = 20;
const WARM_UP_ROUNDS = 10;

type Way = 'official' | 'inProcess' | 'sandbox' | 'limit';
type Ways = Readonly<Record<Way, () => unknown>>;
/** One round of a way: the time of each render, and the CPU time of this process for one of them. */
type Round = { times: number[]; cpuMs: number };
type Samples = Record<Way, Round[]>;

const WAYS: readonly Way[] = ['official', 'inProcess', 'sandbox', 'limit'];

/** Measures a mail's html and text, the ways in turn. */
export async function runRenderBench(): Promise<BenchReport> {
  const mails = readMails();
  const references = await loadReferenceRenderers(mails);
  const renderer = await createInProcessRenderer();
  const bench = await startBenchEngine();
  try {
    const results: [string, Samples][] = [];
    for (const mail of mails) {
      const prepared = await renderer.prepare(mail.sources);
      const ways = createWays({ mail, references, bench, inProcess: () => prepared(mail.propsJson) });
      results.push([mail.name, await measure(ways)]);
    }
    return toReport(results);
  } finally {
    await bench.close();
  }
}

type WayOptions = {
  mail: Mail;
  references: ReferenceRenderers;
  bench: BenchEngine;
  inProcess: () => Promise<unknown>;
};

function createWays({ mail, references, bench, inProcess }: WayOptions): Ways {
  return {
    official: () => references.official(mail),
    inProcess,
    sandbox: () => bench.render({ sandboxKey: 'bench', ...mail }),
    limit: () => references.limit(mail),
  };
}

async function measure(ways: Ways): Promise<Samples> {
  const samples: Samples = { official: [], inProcess: [], sandbox: [], limit: [] };
  for (let turn = 0; turn < WARM_UP_ROUNDS + ROUNDS; turn += 1) {
    for (const way of WAYS) {
      const timed = await timeRenders(ways[way]);
      if (turn >= WARM_UP_ROUNDS) samples[way].push(timed);
    }
  }
  return samples;
}

async function timeRenders(render: () => unknown): Promise<Round> {
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  for (let count = 0; count < RENDERS_A_ROUND; count += 1) {
    const startedAt = performance.now();
    await render();
    times.push(performance.now() - startedAt);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { times, cpuMs: (user + system) / 1000 / RENDERS_A_ROUND };
}

/** The median over the rounds of how many times faster a way was than another in the same round. */
function ratio(samples: Samples, slow: Way, fast: Way): number {
  const ratios = samples[slow].map(
    ({ times }, index) => percentile(times, 0.5) / percentile(samples[fast][index]?.times ?? [], 0.5),
  );
  return percentile(ratios, 0.5);
}

/** The same by the CPU time of all threads, which others on the machine disturb less than the time on the clock. */
function cpuRatio(samples: Samples, slow: Way, fast: Way): number {
  const middle = (way: Way): number =>
    percentile(
      samples[way].map(({ cpuMs }) => cpuMs),
      0.5,
    );
  return middle(slow) / middle(fast);
}

function toReport(results: readonly (readonly [name: string, samples: Samples])[]): BenchReport {
  const header = [
    'mail',
    'official ms p50 / p99',
    'in process',
    'through the sandbox',
    'React alone (limit)',
    'in process: faster',
    'sandbox: faster',
    'in process : limit',
    'in process: faster by CPU time',
  ];
  const rows = results.map(([name, samples]) => {
    const times = WAYS.map((way) => {
      const all = samples[way].flatMap(({ times: ofRound }) => ofRound);
      return `${percentile(all, 0.5).toFixed(2)} / ${percentile(all, 0.99).toFixed(2)}`;
    });
    const faster = [ratio(samples, 'official', 'inProcess'), ratio(samples, 'official', 'sandbox')];
    const toLimit = ratio(samples, 'inProcess', 'limit');
    const byCpu = cpuRatio(samples, 'official', 'inProcess');
    const shown = faster.map((value) => `${value.toFixed(1)} x`);
    return [name, ...times, ...shown, toLimit.toFixed(2), `${byCpu.toFixed(1)} x`];
  });
  const figures = results.map(([name, samples]) => {
    const p50 = (way: Way): number =>
      round(
        percentile(
          samples[way].flatMap(({ times }) => times),
          0.5,
        ),
      );
    return [name, { officialMs: p50('official'), inProcessMs: p50('inProcess'), sandboxMs: p50('sandbox') }];
  });
  return { table: `${toTable([header, ...rows])}\n\n${NOTE}`, figures: Object.fromEntries(figures) };
}

const NOTE =
  'Html and plain text of a warm mail, React in production mode, one Bun, the ways in turn. Official: `render` and `toPlainText` of ' +
  'react-email. In process: our runtime in a realm of the same process. The limit is `renderToStaticMarkup` of the ' +
  'same tree without Tailwind, hence without any inline style of a class, and without a text part. The official renderer ' +
  'waits for turns of the event loop, and those are long on a busy machine: there the CPU time (all threads of the ' +
  'process, so not of a sandbox) is the fairer measure.';
