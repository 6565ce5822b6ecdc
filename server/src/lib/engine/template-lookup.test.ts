import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArtifactStore } from './artifact-store.ts';
import type { BuildKey, BuildStore } from './build-store.ts';
import type { CompileResult } from './compiler.ts';
import { HAS_REDIS, startPrivateRedis } from './fixtures/private-redis.ts';
import { createSilentTelemetry } from './fixtures/silent-telemetry.ts';
import { createMemoryLock, type BuildLock, type Lease } from './locker.ts';
import { createTemplateLookup } from './template-lookup.ts';

// starting a server takes a moment, on a machine that runs other tests as well
setDefaultTimeout(60_000);

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'engine-lookup-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

function createLookup(
  lock: BuildLock = createMemoryLock(),
  sleep: (ms: number) => Promise<void> = Bun.sleep,
) {
  const telemetry = createSilentTelemetry();
  return {
    ...telemetry,
    lookup: createTemplateLookup({ store: createArtifactStore({ dir }), lock, sleep, ...telemetry }),
  };
}

function createCompiler(code = 'module.exports = 1;') {
  let runs = 0;
  return {
    compile: async (): Promise<CompileResult> => {
      runs += 1;
      return { ok: true, code };
    },
    get runs() {
      return runs;
    },
  };
}

describe('the look-up', () => {
  test('compiles once, then answers from RAM without the disk', async () => {
    const { lookup } = createLookup();
    const compiler = createCompiler();
    await lookup.find('a', compiler.compile);
    await rm(dir, { recursive: true });
    expect(await lookup.find('a', compiler.compile)).toEqual({ ok: true, code: 'module.exports = 1;' });
    expect(compiler.runs).toBe(1);
  });

  test('compiles once for callers that ask together', async () => {
    const { lookup } = createLookup();
    const compiler = createCompiler();
    const results = await Promise.all(Array.from({ length: 20 }, () => lookup.find('a', compiler.compile)));
    expect(new Set(results.map((result) => (result.ok ? result.code : ''))).size).toBe(1);
    expect(compiler.runs).toBe(1);
  });

  test('takes what another instance left on disk', async () => {
    const compiler = createCompiler();
    await createLookup().lookup.find('a', compiler.compile);
    await createLookup().lookup.find('a', compiler.compile);
    expect(compiler.runs).toBe(1);
  });

  test.each([
    ['truncated', (path: string) => truncate(path, 70)],
    [
      'changed',
      async (path: string) => writeFile(path, (await readFile(path, 'utf8')).replace('exports', 'exportz')),
    ],
    ['emptied', (path: string) => truncate(path, 0)],
  ])('builds a %s artifact again', async (_name, damage) => {
    const compiler = createCompiler();
    await createLookup().lookup.find('a', compiler.compile);
    await damage(join(dir, 'a.cjs'));
    const { lookup, lines } = createLookup();
    expect(await lookup.find('a', compiler.compile)).toMatchObject({ ok: true });
    expect(compiler.runs).toBe(2);
    expect(lines.some((line) => line.includes('corrupt'))).toBe(true);
    await createLookup().lookup.find('a', compiler.compile);
    expect(compiler.runs).toBe(2);
  });

  test('does not keep a failure', async () => {
    const { lookup } = createLookup();
    expect(await lookup.find('a', async () => ({ ok: false, errors: [] }))).toMatchObject({ ok: false });
    expect(await lookup.find('a', createCompiler().compile)).toMatchObject({ ok: true });
  });

  test('gives the lock back when compiling throws', async () => {
    const { lookup } = createLookup();
    await expect(lookup.find('a', () => Promise.reject(new Error('no sources')))).rejects.toThrow(
      'no sources',
    );
    expect(await lookup.find('a', createCompiler().compile)).toMatchObject({ ok: true });
  });

  test('serves from RAM where the folder cannot be written', async () => {
    await writeFile(join(dir, 'file'), '');
    const telemetry = createSilentTelemetry();
    const store = createArtifactStore({ dir: join(dir, 'file', 'sub') });
    const lookup = createTemplateLookup({ store, lock: createMemoryLock(), ...telemetry });
    const compiler = createCompiler();
    await lookup.find('a', compiler.compile);
    expect(await lookup.find('a', compiler.compile)).toMatchObject({ ok: true });
    expect(compiler.runs).toBe(1);
  });

  test('compiles without writing when the lock cannot be reached', async () => {
    const { lookup } = createLookup({ acquire: () => Promise.reject(new Error('connection refused')) });
    expect(await lookup.find('a', createCompiler().compile)).toMatchObject({ ok: true });
    expect(await readdir(dir)).toEqual([]);
  });

  test('publishes nothing under a lease that was lost while compiling', async () => {
    const lost = new AbortController();
    const lease: Lease = { token: 't', signal: lost.signal, release: async () => {} };
    const { lookup } = createLookup({ acquire: async () => lease });
    const result = await lookup.find('a', async () => {
      lost.abort();
      return { ok: true, code: '1' };
    });
    expect(result).toEqual({ ok: true, code: '1' });
    expect(await readdir(dir)).toEqual([]);
  });

  test('waits for the holder and takes its result', async () => {
    const lock = createMemoryLock();
    const holder = createLookup(lock);
    const finish = Promise.withResolvers<CompileResult>();
    const started = Promise.withResolvers<void>();
    const first = holder.lookup.find('a', () => {
      started.resolve();
      return finish.promise;
    });
    await started.promise;
    const waiting = Promise.withResolvers<void>();
    const waiter = createLookup(lock, async (ms) => {
      waiting.resolve();
      await Bun.sleep(ms);
    });
    const compiler = createCompiler('never');
    const second = waiter.lookup.find('a', compiler.compile);
    await waiting.promise;
    finish.resolve({ ok: true, code: 'from the holder' });
    expect(await second).toEqual({ ok: true, code: 'from the holder' });
    expect(await first).toEqual({ ok: true, code: 'from the holder' });
    expect(compiler.runs).toBe(0);
  });

  test('leaves no temporary file behind, and files that only their owner can read', async () => {
    await createLookup().lookup.find('a', createCompiler().compile);
    expect(await readdir(dir)).toEqual(['a.cjs']);
    expect((await stat(join(dir, 'a.cjs'))).mode & 0o777).toBe(0o600);
  });
});

describe('the table of builds', () => {
  const BUILD_KEY = { contentHash: 'hash', engineVersion: '1' };

  function createInstance(builds: BuildStore, name: string) {
    const store = createArtifactStore({ dir: join(dir, name) });
    return createTemplateLookup({ store, builds, lock: createMemoryLock(), ...createSilentTelemetry() });
  }

  function createTable(): BuildStore & { rows: Map<string, string> } {
    const rows = new Map<string, string>();
    const nameOf = (key: BuildKey) => `${key.contentHash} ${key.engineVersion}`;
    return {
      rows,
      read: async (key) => rows.get(nameOf(key)) ?? null,
      write: async (key, code) => void rows.set(nameOf(key), code),
    };
  }

  test('gives an instance what another has compiled, and its disk a copy', async () => {
    const table = createTable();
    const compiler = createCompiler();
    await createInstance(table, 'one').find('a', compiler.compile, BUILD_KEY);
    expect([...table.rows.keys()]).toEqual(['hash 1']);
    expect(await createInstance(table, 'two').find('a', compiler.compile, BUILD_KEY)).toMatchObject({
      ok: true,
    });
    expect(await readdir(join(dir, 'two'))).toEqual(['a.cjs']);
    table.rows.clear();
    await createInstance(table, 'two').find('a', compiler.compile, BUILD_KEY);
    expect(compiler.runs).toBe(1);
  });

  test('is not asked for what has no place in it', async () => {
    const table = createTable();
    await createInstance(table, 'one').find('runtime', createCompiler().compile);
    expect(table.rows.size).toBe(0);
  });

  test('is done without while it cannot be reached', async () => {
    const unreachable = async () => Promise.reject(new Error('no database'));
    const builds = { read: unreachable, write: unreachable };
    const compiler = createCompiler();
    expect(await createInstance(builds, 'one').find('a', compiler.compile, BUILD_KEY)).toMatchObject({
      ok: true,
    });
    await createInstance(builds, 'one').find('a', compiler.compile, BUILD_KEY);
    expect(compiler.runs).toBe(1);
  });

  test('keeps no failure', async () => {
    const table = createTable();
    await createInstance(table, 'one').find('a', async () => ({ ok: false, errors: [] }), BUILD_KEY);
    expect(table.rows.size).toBe(0);
  });
});

describe.skipIf(!HAS_REDIS)('two processes and one Redis (needs redis-server)', () => {
  test('compile an uncompiled template exactly once', async () => {
    const redis = await startPrivateRedis();
    const contenders = [startContender(redis.port, dir), startContender(redis.port, dir)] as const;
    try {
      await Promise.all(contenders.map((contender) => contender.until('ready')));
      for (const contender of contenders) contender.tell('go');
      const holder = await Promise.race(contenders.map((contender) => contender.until('compiling')));
      const waiter = contenders.find((contender) => contender !== holder) ?? contenders[0];
      await waiter.until('waiting');
      holder.tell('finish');
      await Promise.all(contenders.map((contender) => contender.exited));
      const [first, second] = contenders.map(({ lines }) => lines.find((line) => line.startsWith('done ')));
      expect(first).toMatch(/^done \d+$/);
      expect(second).toBe(first ?? '');
      const compilations = contenders.flatMap(({ lines }) => lines.filter((line) => line === 'compiling'));
      expect(compilations).toHaveLength(1);
    } finally {
      for (const contender of contenders) contender.kill();
      await redis.stop();
    }
  });
});

type Contender = {
  lines: string[];
  until(line: string): Promise<Contender>;
  tell(line: string): void;
  exited: Promise<unknown>;
  kill(): void;
};

function startContender(port: number, artifactDir: string): Contender {
  const script = join(import.meta.dir, 'fixtures', 'lookup-contender.ts');
  const child = Bun.spawn([process.execPath, script, String(port), artifactDir], {
    stdin: 'pipe',
    stdout: 'pipe',
  });
  const lines: string[] = [];
  const waits = new Map<string, PromiseWithResolvers<Contender>>();
  const waitFor = (line: string): PromiseWithResolvers<Contender> => {
    const wait = waits.get(line) ?? Promise.withResolvers<Contender>();
    waits.set(line, wait);
    return wait;
  };
  const readLines = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of child.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
      for (const line of parts) waitFor(line).resolve(contender);
    }
  };
  const contender: Contender = {
    lines,
    until: (line) => waitFor(line).promise,
    tell(line) {
      void child.stdin.write(`${line}\n`);
      void child.stdin.flush();
    },
    exited: Promise.all([child.exited, readLines()]),
    kill: () => child.kill('SIGKILL'),
  };
  return contender;
}
