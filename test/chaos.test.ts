import { afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { account } from '../chaos/accounting.ts';
import { isGoodFailover, toFailoverTable } from '../chaos/failover-report.ts';
import { countKills, isGoodRun, toTable } from '../chaos/report.ts';
import { type ChaosResult, runChaos } from '../chaos/run-chaos.ts';
import { runFailover } from '../chaos/run-failover.ts';
import { isFullRun, isMissing } from '../server/test/support/requires.ts';

const MAIN = fileURLToPath(new URL('../chaos/main.ts', import.meta.url));
const SEED = 20_261_121;

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('a short run of chaos', () => {
  let result: ChaosResult;
  const lines: string[] = [];

  beforeAll(async () => {
    const finished = await runChaos({
      seconds: 8,
      rate: 20,
      seed: SEED,
      logFolder: null,
      print: (line) => lines.push(line),
      signal: new AbortController().signal,
    });
    if (!finished) throw new Error('nobody interrupted it');
    result = finished;
  }, 240_000);

  test('keeps every promise, whatever is killed', () => {
    const story = `${lines.join('\n')}\n${toTable(SEED, result)}`;
    expect(isGoodRun(result), story).toBe(true);
  });

  test('kills everything there is', () => {
    const kills = countKills(result.evidence.incidents);
    expect(kills).toEqual({ api: 2, worker: 3, redis: 1, redisWiped: 1, postgres: 2, providerOutages: 1 });
  });

  test('misses a single mail that a provider has not got', () => {
    const { evidence } = result;
    const taken = evidence.visits.find(
      ({ isStored, messageId }) => isStored && evidence.states.get(messageId ?? '')?.status === 'sent',
    );
    const visits = evidence.visits.filter((visit) => visit !== taken);
    const { lost, isGood, findings } = account({ ...evidence, visits });
    expect({ lost, isGood }).toEqual({ lost: 1, isGood: false });
    expect(findings).toContainEqual(expect.objectContaining({ kind: 'lost', messageId: taken?.messageId }));
  });

  test('notices a single mail that came twice', () => {
    const { evidence } = result;
    const stored = evidence.visits.filter(({ isStored }) => isStored).slice(0, 1);
    const copies = stored.flatMap(({ recipients }) => recipients).length;
    expect(account({ ...evidence, visits: [...evidence.visits, ...stored] })).toMatchObject({
      duplicates: copies,
      isGood: false,
    });
  });

  test('notices an unknown message that nothing cut off', () => {
    const { evidence } = result;
    const sent = evidence.promises.find(({ id }) => evidence.states.get(id)?.status === 'sent');
    const states = new Map(evidence.states);
    states.set(sent?.id ?? '', { status: 'unknown', attempts: 1, lastError: null });
    expect(account({ ...evidence, states })).toMatchObject({ unexplained: 1, isGood: false });
  });
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('./dev chaos', () => {
  let folder = '';
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('ends everything that it started when it is interrupted', async () => {
    folder = mkdtempSync(join(tmpdir(), 'chaos-interrupted-'));
    // PostgreSQL may run as another user and makes its own folder in here.
    chmodSync(folder, 0o1777);
    const child = Bun.spawn([process.execPath, MAIN, '--seconds', '60', '--seed', '1'], {
      env: { ...process.env, TMPDIR: folder },
      stdout: 'pipe',
      stderr: 'inherit',
    });
    let output = '';
    for await (const chunk of child.stdout) {
      output += Buffer.from(chunk).toString();
      if (output.includes('load:') && child.exitCode === null) child.kill('SIGINT');
    }
    expect(await child.exited).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
    expect(findProcessesWith(folder)).toEqual([]);
  }, 120_000);

  // Not a test that is skipped otherwise: it is the large form of what failover.test.ts holds in small.
  if (isFullRun()) {
    test('loses no message when the first provider goes away', async () => {
      const { signal } = new AbortController();
      const plan = { seconds: 24, rate: 50, seed: SEED, logFolder: null };
      const result = await runFailover({ ...plan, print: () => {}, signal });
      if (!result) throw new Error('nobody interrupted it');
      expect(isGoodFailover(result), toFailoverTable(result)).toBe(true);
    }, 240_000);
  }

  test('says what it takes where it is asked wrongly', async () => {
    const child = Bun.spawnSync([process.execPath, MAIN, '--seconds', 'many']);
    expect(child.exitCode).toBe(2);
    expect(child.stderr.toString()).toContain('--seconds N');
  });
});

/** Processes that have the folder in their command line or environment. */
function findProcessesWith(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.filter((pid) => {
    try {
      return ['cmdline', 'environ'].some((file) =>
        readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(folder),
      );
    } catch {
      return false; // It has ended, or is somebody else's.
    }
  });
}
