import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHash } from '../content-hash.ts';
import { createEngine, type Engine, type TemplateSources } from '../engine.ts';
import { readCorpus } from '../fixtures/corpus.ts';
import { readTemplate } from '../fixtures/read-template.ts';
import { createSilentTelemetry } from '../fixtures/silent-telemetry.ts';
import { createMemoryLock } from '../locker.ts';

// What a sandbox has rendered must not show in what it renders. MAIL_TEST_FULL=1 runs it whole.

const RENDERS = process.env['MAIL_TEST_FULL'] === '1' ? 10_000 : 400;
const IN_FLIGHT = 4;
const STARTERS = join(import.meta.dir, '..', '..', '..', '..', '..', 'templates');

setDefaultTimeout(20 * 60_000);

/** Draws, counts in its module, asks for the time, and brings classes that no mail has had before. */
const RESTLESS: TemplateSources = {
  entry: 'index.tsx',
  files: {
    'index.tsx': `
import { Body, Head, Html, Tailwind, Text } from 'react-email';
let count = 0;
const seen = new Map<string, number>();
export const subject = () => 'Number ' + (count += 1);
export default function Mail({ size = 1 }: { size?: number }) {
  seen.set(String(size), (seen.get(String(size)) ?? 0) + 1);
  return <Html><Tailwind><Head /><Body className="p-4 sm:p-2">
    <Text className={\`w-[\${size}px] sm:m-[\${size}px] text-sm\`}>{Math.random()} {Date.now()} {seen.size} {count}</Text>
  </Body></Tailwind></Html>;
}`,
  },
};

type Template = { contentHash: string; load(): Promise<TemplateSources> };

let distDir: string;
let engine: Engine;
let lines: string[];

beforeAll(async () => {
  distDir = await mkdtemp(join(tmpdir(), 'long-lived-test-'));
  const telemetry = createSilentTelemetry();
  ({ lines } = telemetry);
  const { logger, metrics } = telemetry;
  engine = await createEngine({ distDir, lock: createMemoryLock(), logger, metrics });
});
afterAll(async () => {
  await engine.close();
  await rm(distDir, { recursive: true, force: true });
});

function prepare(sources: TemplateSources): Template {
  const hashed = contentHash(sources);
  if (!hashed.ok) throw new Error('The sources are refused');
  return { contentHash: hashed.hash, load: async () => sources };
}

async function render(sandboxKey: string, template: Template, props: object): Promise<string> {
  const pins = { now: 1_700_000_000_000, seed: 'message' };
  const propsJson = JSON.stringify(props);
  const rendered = await engine.render({ sandboxKey, template, propsJson, pins });
  return JSON.stringify(rendered);
}

test('a sandbox that has rendered very often gives the bytes of a fresh one', async () => {
  const restless = prepare(RESTLESS);
  const templates = [
    ...readCorpus().map(({ sources }) => prepare(sources)),
    ...['welcome', 'password-reset'].map((name) => prepare(readTemplate(join(STARTERS, name)))),
  ];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let turn = next++; turn < RENDERS; turn = next++) {
      const template = turn % 8 === 0 ? restless : (templates[turn % templates.length] ?? restless);
      await render('old', template, turn % 8 === 0 ? { size: turn } : {});
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));

  for (const template of [restless, ...templates]) {
    const old = await render('old', template, {});
    expect(old).toBe(await render('fresh', template, {}));
  }
  // otherwise it would not have been the old one
  expect(lines.filter((line) => line.includes('was ended'))).toEqual([]);
});
