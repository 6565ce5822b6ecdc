import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createElement } from 'react';
import { render as renderOfficially, toPlainText } from 'react-email';
import { contentHash } from './content-hash.ts';
import { createEngine, type Engine } from './engine.ts';
import { readCorpus, type CorpusTemplate } from './fixtures/corpus.ts';
import { createInProcessRenderer, type PreparedTemplate } from './fixtures/in-process-renderer.ts';
import { withoutReactComments } from './fixtures/react-comments.ts';
import { readTemplate } from './fixtures/read-template.ts';
import { createSilentTelemetry } from './fixtures/silent-telemetry.ts';
import { createMemoryLock } from './locker.ts';

setDefaultTimeout(60_000);

const corpus = readCorpus();
let distDir: string;
let engine: Engine;
let renderer: Awaited<ReturnType<typeof createInProcessRenderer>>;

beforeAll(async () => {
  distDir = await mkdtemp(join(tmpdir(), 'equivalence-test-'));
  engine = await createEngine({ distDir, lock: createMemoryLock(), ...createSilentTelemetry(), limits: {} });
  renderer = await createInProcessRenderer();
});
afterAll(async () => {
  await engine.close();
  await rm(distDir, { recursive: true, force: true });
});

/** The first difference with its surroundings, so that a failure can be read. */
function firstDifference(ours: string, official: string): string | null {
  if (ours === official) return null;
  let at = 0;
  while (ours[at] === official[at]) at += 1;
  const around = (text: string): string => text.slice(Math.max(at - 80, 0), at + 120);
  return `at ${at}\nours:     ${around(ours)}\nofficial: ${around(official)}`;
}

async function renderOfficial({ load }: CorpusTemplate): Promise<{ html: string; text: string }> {
  const html = await renderOfficially(createElement(await load()));
  return { html, text: toPlainText(html) };
}

async function renderInProcess(prepared: PreparedTemplate): Promise<{ html: string; text: string }> {
  const answer = await prepared('{}');
  if (answer.status !== 'ok') throw new Error(answer.message);
  return { html: answer.html, text: answer.text };
}

async function renderInSandbox({ sources }: CorpusTemplate): Promise<{ html: string; text: string }> {
  const hashed = contentHash(sources);
  if (!hashed.ok) throw new Error('The sources are refused');
  const template = { contentHash: hashed.hash, load: async () => sources };
  const pins = { now: 0, seed: 'seed' };
  const rendered = await engine.render({ sandboxKey: 'client', template, propsJson: '{}', pins });
  if (!rendered.ok) throw new Error(rendered.message);
  return { html: rendered.html, text: rendered.text };
}

test('the corpus has at least 40 templates', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(40);
});

describe('equals the official renderer', () => {
  for (const template of corpus) {
    test(template.name, async () => {
      const official = await renderOfficial(template);
      const inProcess = await renderInProcess(await renderer.prepare(template.sources));
      expect(
        firstDifference(withoutReactComments(inProcess.html), withoutReactComments(official.html)),
      ).toBeNull();
      expect(firstDifference(inProcess.text, official.text)).toBeNull();
      const sandboxed = await renderInSandbox(template);
      expect(firstDifference(sandboxed.html, inProcess.html)).toBeNull();
      expect(firstDifference(sandboxed.text, inProcess.text)).toBeNull();
    });
  }
});

describe('the starter templates', () => {
  const folder = join(import.meta.dir, '..', '..', '..', '..', 'templates');
  for (const name of readdirSync(folder)) {
    test(`${name} is written by our own writer`, async () => {
      const prepared = await renderer.prepare(readTemplate(join(folder, name)));
      const { PreviewProps } = await import(join(folder, name, 'index.tsx'));
      expect(await prepared(JSON.stringify(PreviewProps))).toMatchObject({ status: 'ok', path: 'written' });
    });
  }
});
