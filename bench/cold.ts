import type { TemplateSources } from '../server/src/lib/engine/engine.ts';
import { startBenchEngine, type BenchEngine } from './bench-engine.ts';
import { readMails, type Mail } from './mails.ts';
import { measurePreviews, type PreviewTimes } from './preview/measure-preview.ts';
import { percentile, round, toTable, type BenchReport } from './report.ts';

const ROUNDS = 12;
/** Between two clients, so that a spare can be ready, as it is when clients come one by one. */
const PAUSE_MS = 1200;

type Times = { pushMs: number; firstSandboxMs: number; sandboxWaitMs: number; warmMs: number };

/** Measures what the first mail of a new template, and of a new client, costs. */
export async function runColdBench(): Promise<BenchReport> {
  const bench = await startBenchEngine();
  try {
    const mail = readMails().find(({ name }) => name === 'receipt');
    if (mail === undefined) throw new Error('There is no receipt');
    await bench.render({ sandboxKey: 'known', ...mail });
    const times: Times[] = [];
    for (let turn = 0; turn < ROUNDS; turn += 1) times.push(await measureTurn(bench, mail, turn));
    return withPreview(toReport(times), await measurePreviews());
  } finally {
    await bench.close();
  }
}

async function measureTurn(bench: BenchEngine, mail: Mail, turn: number): Promise<Times> {
  const sources = withNonce(mail.sources, turn);
  const pushMs = await time(async () => {
    const checked = await bench.engine.check({ sandboxKey: 'known', sources });
    if (!checked.ok) throw new Error(checked.message);
    await bench.render({ sandboxKey: 'known', sources, propsJson: mail.propsJson });
  });
  await Bun.sleep(PAUSE_MS);
  bench.takeWaits();
  const firstSandboxMs = await time(() => bench.render({ ...mail, sandboxKey: `client-${turn}` }));
  const sandboxWaitMs = bench.takeWaits().reduce((sum, waitMs) => sum + waitMs, 0);
  const warmMs = await time(() => bench.render({ ...mail, sandboxKey: `client-${turn}` }));
  return { pushMs, firstSandboxMs, sandboxWaitMs, warmMs };
}

/** The same template under another content hash. */
function withNonce({ entry, files }: TemplateSources, nonce: number): TemplateSources {
  return { entry, files: { ...files, [entry]: `${files[entry] ?? ''}\n// ${nonce}\n` } };
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

const LABELS: readonly (readonly [keyof Times, string])[] = [
  ['pushMs', 'a new template: compile, check, first mail'],
  ['firstSandboxMs', 'first mail of a client without a sandbox'],
  ['sandboxWaitMs', 'of that, waiting for a sandbox (goal: 100 at most)'],
  ['warmMs', 'the mail after it'],
];

function toReport(times: readonly Times[]): BenchReport {
  const rows = LABELS.map(([key, label]) => {
    const values = times.map((entry) => entry[key]);
    return { key, label, p50: percentile(values, 0.5), worst: Math.max(...values) };
  });
  const table = toTable([
    ['receipt of 20 items', 'ms p50', 'ms worst'],
    ...rows.map(({ label, p50, worst }) => [label, p50.toFixed(1), worst.toFixed(1)]),
  ]);
  return { table, figures: Object.fromEntries(rows.map(({ key, p50 }) => [key, round(p50)])) };
}

type Previews = Awaited<ReturnType<typeof measurePreviews>>;

const NO_PREVIEW = 'The previews were not compared: that takes Chromium.';
const NO_OTHER = 'email dev was not compared: it could not be installed.';

function withPreview({ table, figures }: BenchReport, previews: Previews): BenchReport {
  if (previews === null) return { table: `${table}\n\n${NO_PREVIEW}`, figures };
  const { ours, theirs } = previews;
  const row = (label: string, key: keyof PreviewTimes): string[] => {
    const [own, other] = [ours[key], theirs?.[key]];
    if (other === undefined) return [label, own.toFixed(0), '', ''];
    return [label, own.toFixed(0), other.toFixed(0), `${(other / own).toFixed(1)}x`];
  };
  const previewTable = toTable([
    ['preview', 'mailctl preview', 'email dev', ''],
    row('ready, ms (goal: 500)', 'readyMs'),
    row('save to new picture in a browser, ms p50 (goal: 30)', 'pictureP50Ms'),
    row('the same, ms worst', 'pictureWorstMs'),
    row('memory, MB; ours with 50 templates (goal: 200)', 'memoryMb'),
  ]);
  return {
    table: [table, previewTable, ...(theirs === null ? [NO_OTHER] : [])].join('\n\n'),
    figures: { ...figures, preview: { ours: toRounded(ours), emailDev: theirs && toRounded(theirs) } },
  };
}

function toRounded(times: PreviewTimes): Record<string, number> {
  return Object.fromEntries(Object.entries(times).map(([key, value]) => [key, round(value)]));
}
