import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHash } from '../content-hash.ts';
import { createEngine, type Engine } from '../engine.ts';
import { createSilentTelemetry } from '../fixtures/silent-telemetry.ts';
import { createMemoryLock } from '../locker.ts';
import { readProcessUsage } from './process-usage.ts';

// Many templates of many clients for a long time, one in a hundred of them hostile. MAIL_TEST_FULL=1 runs it whole.

const IS_FULL = process.env['MAIL_TEST_FULL'] === '1';
const RENDERS = IS_FULL ? 20_000 : 800;
const TEMPLATES = IS_FULL ? 200 : 60;
const CLIENTS = IS_FULL ? 20 : 6;
const HOSTILE_EVERY = 100;
const IN_FLIGHT = 8;
const NAMES = ['Ada', 'Zoë 😀', '<b>&amp;'];

/** What the parent, and a sandbox on average, may grow by after the warm-up; 5 KB a render would show in the full form. */
const MAX_GROWTH_BYTES = 96 * 1024 * 1024;

setDefaultTimeout(30 * 60_000);

const HOSTILE = [
  'export default () => { for (;;); };',
  'export default async () => { for (;;) await 0; };',
  'const all = []; export default () => { for (;;) all.push(new Uint8Array(1e6).fill(1)); };',
  'export default () => <p>{"x".repeat(6e6)}</p>;',
  'export default () => { throw { get message() { for (;;); } }; };',
  'export default async () => { const all = []; for (;;) all.push(Promise.resolve(all)); };',
  'export default () => <p>{String(/^(a+)+$/.test("a".repeat(40) + "!"))}</p>;',
];

/** Four shapes, so that Tailwind, lists, async components and plain markup all take part. */
function honestSource(index: number): string {
  const text = `{name} reads template ${index}`;
  const shapes = [
    `import { Html, Text } from 'react-email'; export default ({ name }) => <Html><Text>${text}</Text></Html>;`,
    `import { Body, Head, Html, Tailwind, Text } from 'react-email'; export default ({ name }) => <Html><Tailwind><Head /><Body className="p-${index % 9}"><Text className="text-sm sm:text-lg m-${index % 5}">${text}</Text></Body></Tailwind></Html>;`,
    `export default async ({ name }) => { await new Promise((done) => setTimeout(done, ${index})); return <p>${text}</p>; };`,
    `import { createContext, useContext } from 'react'; const C = createContext(''); const A = () => <p>{useContext(C)} reads template ${index}</p>; export default ({ name }) => <C.Provider value={name}><A /></C.Provider>;`,
  ];
  return `export const subject = ({ name }) => name + ' ${index}'; ${shapes[index % shapes.length]}`;
}

let distDir: string;
let engine: Engine;
beforeAll(async () => {
  distDir = await mkdtemp(join(tmpdir(), 'engine-soak-'));
  const limits = { maxProcesses: CLIENTS };
  engine = await createEngine({ distDir, lock: createMemoryLock(), ...createSilentTelemetry(), limits });
});
afterAll(async () => {
  await engine.close();
  await rm(distDir, { recursive: true, force: true });
});

function prepare(source: string) {
  const sources = { entry: 'index.tsx', files: { 'index.tsx': source } };
  const hashed = contentHash(sources);
  if (!hashed.ok) throw new Error('The sources are refused');
  return { contentHash: hashed.hash, load: async () => sources };
}

type Template = ReturnType<typeof prepare>;

function sandboxPids(): number[] {
  if (process.platform !== 'linux') return [];
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

type Sample = { renders: number; parentMb: number; sandboxes: number; sandboxMb: number; largestMb: number };

function sample(renders: number): Sample {
  Bun.gc(true);
  const sizes = sandboxPids().map((pid) => (readProcessUsage(pid).rssBytes ?? 0) / 1e6);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return {
    renders,
    parentMb: Math.round(process.memoryUsage.rss() / 1e6),
    sandboxes: sizes.length,
    sandboxMb: Math.round(total / Math.max(sizes.length, 1)),
    largestMb: Math.round(Math.max(0, ...sizes)),
  };
}

test('many templates of many clients, some hostile: no wrong output, no leak, every attack contained', async () => {
  const honest = Array.from({ length: TEMPLATES }, (_, index) => prepare(honestSource(index)));
  const hostile = HOSTILE.map(prepare);
  const firstHtml = new Map<string, string>();
  const wrong: string[] = [];
  const contained: Record<string, number> = {};
  let honestCount = 0;
  let random = 12_345;
  const draw = (below: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return (random >>> 8) % below;
  };

  const render = (template: Template, client: number, name: string) =>
    engine.render({
      sandboxKey: `client-${client}`,
      template,
      propsJson: JSON.stringify({ name }),
      pins: { now: 0, seed: 'soak' },
    });

  const attack = async (index: number): Promise<void> => {
    const template = hostile[index % hostile.length];
    if (template === undefined) return;
    const result = await render(template, draw(CLIENTS), 'x');
    if (result.ok) wrong.push(`hostile ${index} rendered`);
    else contained[result.code] = (contained[result.code] ?? 0) + 1;
  };

  const serve = async (): Promise<void> => {
    const index = draw(TEMPLATES);
    const template = honest[index];
    const name = NAMES[draw(NAMES.length)] ?? '';
    if (template === undefined) return;
    const result = await render(template, draw(CLIENTS), name);
    honestCount += 1;
    if (!result.ok) return void wrong.push(`${index}: ${result.code} ${result.message}`);
    const key = `${index} ${name}`;
    const first = firstHtml.get(key) ?? result.html;
    firstHtml.set(key, first);
    const isRight =
      result.subject === `${name} ${index}` && result.text === `${name} reads template ${index}`;
    if (!isRight || result.html !== first) wrong.push(`${key}: ${result.text}`);
  };

  const samples: Sample[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let turn = next++; turn < RENDERS; turn = next++) {
      if (turn % (RENDERS / 10) === 0) samples.push(sample(turn));
      await (turn % HOSTILE_EVERY === HOSTILE_EVERY - 1 ? attack(Math.floor(turn / HOSTILE_EVERY)) : serve());
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  samples.push(sample(RENDERS));

  const numbers = {
    renders: RENDERS,
    templates: TEMPLATES,
    clients: CLIENTS,
    seconds: Math.round(seconds * 10) / 10,
  };
  console.log(
    `soak ${JSON.stringify({ ...numbers, honest: honestCount, wrong: wrong.length, contained, samples })}`,
  );
  expect(wrong).toEqual([]);
  expect(Object.values(contained).reduce((sum, count) => sum + count, 0)).toBe(RENDERS / HOSTILE_EVERY);
  const [, , warm] = samples;
  const last = samples.at(-1);
  const growth = (key: 'parentMb' | 'sandboxMb'): number => ((last?.[key] ?? 0) - (warm?.[key] ?? 0)) * 1e6;
  expect(growth('parentMb')).toBeLessThan(MAX_GROWTH_BYTES);
  expect(growth('sandboxMb')).toBeLessThan(MAX_GROWTH_BYTES);
});
