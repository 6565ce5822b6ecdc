import { afterEach, describe, expect, test } from 'bun:test';
import type { KillReason } from './limit-watch.ts';
import { createSandboxPool, type SandboxPool } from './sandbox-pool.ts';
import type { SandboxJob, SandboxOutcome, SandboxProcess } from './sandbox-process.ts';

const LIMITS = {
  cpuMs: 200,
  wallMs: 1000,
  hardWallMs: 3000,
  maxRssBytes: 1000,
  maxTotalBytes: 1000,
  maxProcesses: 2,
  spares: 1,
  idleMs: 60_000,
};

const LOCKED = { diesWithParent: true, noNewPrivileges: true, isUndumpable: true, hasFilter: true };

/**
 * A process that answers with its number and the job's name, dies on "die", is killed on "loop", waits on "wait" and
 * is ended by somebody else on "murder", as often as `murders` says.
 */
function createFakeStarter() {
  const state = {
    started: 0,
    running: new Set<number>(),
    mustFail: false,
    gates: new Map<string, () => void>(),
    murders: 0,
    memory: new Map<number, number>(),
    kill: new Map<number, () => void>(),
  };
  const start = async (): Promise<SandboxProcess> => {
    if (state.mustFail) throw new Error('no process');
    state.started += 1;
    const pid = state.started;
    let isAlive = true;
    const exited = Promise.withResolvers<void>();
    state.running.add(pid);
    let endedFor: KillReason | undefined;
    const kill = (reason?: KillReason): void => {
      endedFor = reason;
      isAlive = false;
      state.running.delete(pid);
      exited.resolve();
    };
    const died = async (): Promise<SandboxOutcome> => {
      await exited.promise;
      return endedFor === undefined
        ? { kind: 'died', cause: 'outside' }
        : { kind: 'killed', reason: endedFor };
    };
    state.kill.set(pid, kill);
    const run = async ({ codeHash }: SandboxJob): Promise<SandboxOutcome> => {
      if (codeHash.startsWith('wait')) {
        const opened = new Promise<SandboxOutcome>((resolve) => {
          state.gates.set(codeHash, () => resolve({ kind: 'answer', json: `${pid}:${codeHash}` }));
        });
        return Promise.race([opened, died()]);
      }
      if (codeHash === 'murder' && state.murders > 0) {
        state.murders -= 1;
        kill();
        return { kind: 'died', cause: 'outside' };
      }
      if (codeHash === 'loop' || codeHash === 'die') kill();
      if (codeHash === 'loop') return { kind: 'killed', reason: 'cpu' };
      return isAlive ? { kind: 'answer', json: `${pid}:${codeHash}` } : { kind: 'died', cause: 'itself' };
    };
    return {
      pid,
      lockdown: LOCKED,
      get isAlive() {
        return isAlive;
      },
      run,
      kill,
      exited: exited.promise,
    };
  };
  return { state, starter: { start, prepare: async () => true } };
}

function job(name: string): SandboxJob {
  return { codeHash: name, code: '', mode: 'render', propsJson: '{}', now: 0, seed: '', maxOutputUnits: 1 };
}

const pools: SandboxPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function createFixture(limits: Partial<typeof LIMITS> = {}) {
  const { state, starter } = createFakeStarter();
  const kills: string[] = [];
  const clock = { now: 0 };
  const pool = createSandboxPool({
    starter,
    limits: { ...LIMITS, ...limits },
    onKill: (key, reason) => kills.push(`${key}:${reason}`),
    readMemory: (pid) => state.memory.get(pid) ?? 0,
    now: () => clock.now,
  });
  pools.push(pool);
  const run = async (key: string, name: string): Promise<string> => {
    const outcome = await pool.run(key, job(name));
    return outcome.kind === 'answer' ? outcome.json : outcome.kind === 'killed' ? outcome.reason : 'died';
  };
  return { state, pool, kills, clock, run };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

describe('the pool', () => {
  test('gives each client a process of its own and keeps it', async () => {
    const { run } = createFixture();
    const [a, b] = [await run('a', 'x'), await run('b', 'x')];
    expect(a).not.toBe(b);
    expect([await run('a', 'x'), await run('b', 'x')]).toEqual([a, b]);
  });

  test('renders what is queued behind a killed render in the process that takes its place', async () => {
    const { run, kills } = createFixture();
    const results = await Promise.all([
      run('a', '1'),
      run('a', 'loop'),
      run('a', '2'),
      run('a', '3'),
      run('b', '4'),
    ]);
    expect(results.map((result) => result.replace(/^\d+:/, ''))).toEqual(['1', 'cpu', '2', '3', '4']);
    expect(results[0]?.split(':')[0]).not.toBe(results[2]?.split(':')[0]);
    expect(kills).toEqual(['a:cpu']);
  });

  test('tries a render once more when its process fell over, then gives up on it alone', async () => {
    const { run, kills } = createFixture();
    const results = await Promise.all([run('a', 'die'), run('a', '2')]);
    expect(results[0]).toBe('died');
    expect(results[1]).toEndWith(':2');
    expect(kills).toEqual(['a:died', 'a:died']);
  });

  test('renders on when somebody ends its processes, however often within reason', async () => {
    const { run, state } = createFixture();
    state.murders = 5;
    expect(await run('a', 'murder')).toEndWith(':murder');
    state.murders = 1000;
    await expect(run('a', 'murder')).rejects.toThrow();
  });

  test('takes no spare that was ended while it waited, and replaces it', async () => {
    const { pool, run, state } = createFixture();
    await pool.ready();
    state.kill.get(1)?.();
    await until(() => state.started === 2);
    expect(await run('a', 'x')).toBe('2:x');
  });

  test('ends the idlest sandbox first when all together hold too much', async () => {
    const { run, state, clock } = createFixture({ spares: 0 });
    await run('a', 'x');
    clock.now = 1;
    await run('b', 'x');
    for (const pid of [1, 2]) state.memory.set(pid, 600);
    await until(() => !state.running.has(1));
    expect(await run('b', 'x')).toBe('2:x');
  });

  test('ends the largest when none is idle, and renders its work again', async () => {
    const { run, state } = createFixture({ spares: 0 });
    const results = [run('a', 'wait-1'), run('b', 'wait-2')];
    await until(() => state.gates.size === 2);
    const open = state.gates.get('wait-2');
    state.gates.clear();
    state.memory.set(1, 700).set(2, 500);
    await until(() => state.gates.has('wait-1'));
    expect(state.running.has(2)).toBe(true);
    state.gates.get('wait-1')?.();
    expect(await results[0]).toBe('3:wait-1');
    open?.();
    expect(await results[1]).toBe('2:wait-2');
  });

  test('never has more processes at work than allowed, and ends the one that was idle longest', async () => {
    const { run, state, clock } = createFixture({ spares: 0 });
    await run('a', 'x');
    clock.now = 1;
    await run('b', 'x');
    await run('c', 'x');
    expect(state.running).toEqual(new Set([2, 3]));
    expect(await run('b', 'x')).toBe('2:x');
  });

  test('lets a client wait while all places are busy, and serves it when one is free', async () => {
    const { run, state } = createFixture({ maxProcesses: 1 });
    const first = run('a', 'wait-1');
    await until(() => state.gates.has('wait-1'));
    const second = run('b', 'x');
    state.gates.get('wait-1')?.();
    expect(await first).toEndWith(':wait-1');
    expect(await second).toEndWith(':x');
  });

  test('takes the place of a client that has had its turn and goes on without end', async () => {
    const { run, state, clock } = createFixture({ maxProcesses: 1 });
    const first = run('a', 'wait-1');
    const more = run('a', 'wait-2');
    await until(() => state.gates.has('wait-1'));
    const other = run('b', 'x');
    clock.now = 1000;
    state.gates.get('wait-1')?.();
    expect(await other).toEndWith(':x');
    await until(() => state.gates.has('wait-2'));
    state.gates.get('wait-2')?.();
    expect(await Promise.all([first, more])).toHaveLength(2);
  });

  test('throws when no process can be started, and recovers', async () => {
    const { run, state } = createFixture({ spares: 0 });
    state.mustFail = true;
    await expect(run('a', 'x')).rejects.toThrow('no process');
    await until(() => true);
    state.mustFail = false;
    expect(await run('a', 'x')).toEndWith(':x');
  });

  test('refuses what is queued or running when it is closed, and ends every process', async () => {
    const { pool, run, state } = createFixture();
    const running = run('a', 'wait-1');
    const queued = run('a', '2');
    await until(() => state.gates.has('wait-1'));
    const refusals = Promise.allSettled([running, queued]);
    await pool.close();
    expect((await refusals).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(run('a', '3')).rejects.toThrow();
    expect(state.running.size).toBe(0);
  });
});
