import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine } from '../engine.ts';
import { createSilentTelemetry } from '../fixtures/silent-telemetry.ts';
import { createMemoryLock } from '../locker.ts';

// Sandboxes that are ended by somebody else, as the kernel's OOM killer or an operator would.

setDefaultTimeout(60_000);

const isLinux = process.platform === 'linux';
let distDir: string;
let engine: Engine;

beforeAll(async () => {
  distDir = await mkdtemp(join(tmpdir(), 'engine-kill-'));
  // this machine may be busy, and a limit that ends a render would hide what is tested
  const limits = { cpuMs: 20_000, wallMs: 40_000, hardWallMs: 50_000, spares: 2 };
  engine = await createEngine({ distDir, lock: createMemoryLock(), ...createSilentTelemetry(), limits });
});
afterAll(async () => {
  await engine.close();
  await rm(distDir, { recursive: true, force: true });
});

function childPids(): number[] {
  const list = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

/** Ends every sandbox of this process, and nothing else: the test starts no other children. */
function killAll(): number[] {
  const pids = childPids();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids;
}

async function render(sandboxKey: string, source = 'export default () => <p>honest</p>;'): Promise<string> {
  const sources = { entry: 'index.tsx', files: { 'index.tsx': source } };
  const result = await engine.check({ sandboxKey, sources });
  return result.ok ? result.text : result.code;
}

/** Long enough that a kill finds it at work, and honest. */
const LONG = `export default () => { let n = 0; for (let i = 0; i < 300_000_000; i += 1) n += i % 7; return <p>{n > 0 ? 'honest' : 'x'}</p>; };`;

const cpuMsOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

test.skipIf(!isLinux)('a render succeeds after idle sandboxes and spares were killed', async () => {
  for (const key of ['a', 'b', 'c']) expect(await render(key)).toBe('honest');
  for (let round = 0; round < 3; round += 1) {
    expect(killAll().length).toBeGreaterThan(1);
    const texts = await Promise.all(['a', 'b', 'c', 'new'].map((key) => render(key)));
    expect(texts).toEqual(Array(4).fill('honest'));
  }
});

test.skipIf(!isLinux)('a render succeeds when its sandbox and every spare are killed at work', async () => {
  const before = new Map(childPids().map((pid) => [pid, cpuMsOf(pid)]));
  const rendering = Promise.all([render('busy', LONG), render('busy'), render('other', LONG)]);
  const isAtWork = (): boolean =>
    childPids().some((pid) => cpuMsOf(pid) > (before.get(pid) ?? Number.POSITIVE_INFINITY) + 30);
  while (!isAtWork()) await new Promise((resolve) => setImmediate(resolve));
  killAll();
  expect(await rendering).toEqual(['honest', 'honest', 'honest']);
});

test.skipIf(!isLinux)('a render succeeds when sandboxes are killed while they start', async () => {
  killAll();
  const rendering = render('starting');
  // those that take their places are killed as soon as they are there
  const seen = new Set(childPids());
  let fresh: number[] = [];
  while (fresh.length === 0) {
    await new Promise((resolve) => setImmediate(resolve));
    fresh = childPids().filter((pid) => !seen.has(pid));
  }
  for (const pid of fresh) process.kill(pid, 'SIGKILL');
  expect(await rendering).toBe('honest');
});
