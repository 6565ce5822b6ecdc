import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { BuildKey, BuildStore } from './build-store.ts';
import { createByteLru } from './byte-lru.ts';
import type { CompileResult } from './compiler.ts';
import type { BuildLock, Lease } from './locker.ts';

export type LookupOptions = {
  store: ArtifactStore;
  /** What all instances share; null where there is only this one's disk. */
  builds?: BuildStore | null;
  lock: BuildLock;
  logger: Logger;
  metrics: Pick<Metrics, 'templateLookups' | 'templateCompiles' | 'compileTime'>;
  /** Waits between two looks at a holder's artifact. */
  sleep?: (ms: number) => Promise<void>;
  maxRamBytes?: number;
};

export type TemplateLookup = {
  /**
   * Finds the compiled form of what `key` names: in RAM, on disk, in the table of builds where `build` says under
   * what, or by compiling under the lock. `compile` is called at most once at a time for a key across all holders of
   * the lock.
   */
  find(key: string, compile: () => Promise<CompileResult>, build?: BuildKey): Promise<CompileResult>;
};

type Wanted = { key: string; compile: () => Promise<CompileResult>; buildKey: BuildKey | null };

const DEFAULT_RAM_BYTES = 64 * 1024 * 1024;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;

/** Creates the look-up: RAM, then disk, then the table of builds, then lock, both again, and compile. */
export function createTemplateLookup({
  store,
  builds = null,
  lock,
  logger,
  metrics,
  sleep = Bun.sleep,
  maxRamBytes = DEFAULT_RAM_BYTES,
}: LookupOptions): TemplateLookup {
  const ram = createByteLru<string>({ maxBytes: maxRamBytes, sizeOf: (code) => code.length * 2 });
  const inFlight = new Map<string, Promise<CompileResult>>();
  const count = (tier: string, result: string): void => metrics.templateLookups.add(1, { tier, result });

  const readDisk = async (key: string): Promise<string | null> => {
    const read = await store.read(fileName(key));
    if (read.kind === 'corrupt')
      logger.warn({ key }, 'a compiled template is corrupt and will be built again');
    count('disk', read.kind === 'found' ? 'hit' : read.kind === 'missing' ? 'miss' : 'corrupt');
    return read.kind === 'found' ? read.content : null;
  };

  const build = async (compile: () => Promise<CompileResult>): Promise<CompileResult> => {
    const startedAt = performance.now();
    const result = await compile();
    metrics.compileTime.record(performance.now() - startedAt);
    metrics.templateCompiles.add(1, { result: result.ok ? 'ok' : 'failed' });
    return result;
  };

  /** The table is a cache: while it cannot be reached, templates are compiled. */
  const readTable = async ({ key, buildKey }: Wanted): Promise<string | null> => {
    if (builds === null || buildKey === null) return null;
    try {
      const code = await builds.read(buildKey);
      count('table', code === null ? 'miss' : 'hit');
      return code;
    } catch (error) {
      count('table', 'error');
      logger.warn({ err: error, key }, 'the table of builds cannot be read');
      return null;
    }
  };

  const writeTable = async ({ key, buildKey }: Wanted, code: string): Promise<void> => {
    if (builds === null || buildKey === null) return;
    try {
      await builds.write(buildKey, code);
    } catch (error) {
      logger.warn({ err: error, key }, 'a compiled template was not kept in the table of builds');
    }
  };

  const writeDisk = async (key: string, code: string, lease: Lease): Promise<void> => {
    const isWritten = await store.write(fileName(key), code, lease);
    if (!isWritten) logger.warn({ key }, 'a compiled template was not kept on disk');
  };

  /** Nothing reaches the disk without the lock; while another holds it, that one writes the same. */
  const copyToDisk = async (key: string, code: string): Promise<void> => {
    const lease = await acquireOrFail(lock, key, logger);
    if (lease === null || lease === 'unavailable') return;
    try {
      await writeDisk(key, code, lease);
    } finally {
      await releaseQuietly(lease, logger);
    }
  };

  const buildUnder = async (lease: Lease, wanted: Wanted): Promise<CompileResult> => {
    const { key, compile } = wanted;
    try {
      // another may have published between the look at the disk and the lock, perhaps from a disk of its own
      const published = await readDisk(key);
      if (published !== null) return { ok: true, code: published };
      const shared = await readTable(wanted);
      const result: CompileResult = shared === null ? await build(compile) : { ok: true, code: shared };
      if (!result.ok) return result;
      if (shared === null) await writeTable(wanted, result.code);
      await writeDisk(key, result.code, lease);
      return result;
    } finally {
      await releaseQuietly(lease, logger);
    }
  };

  const findBeyondRam = async (wanted: Wanted): Promise<CompileResult> => {
    const { key, compile } = wanted;
    for (let waitMs = 0; ; waitMs = Math.min(Math.max(waitMs * 2, FIRST_WAIT_MS), LONGEST_WAIT_MS)) {
      if (waitMs > 0) await sleep(waitMs);
      const found = await readDisk(key);
      if (found !== null) return { ok: true, code: found };
      // once before the lock; who waits for it asks again when it has it
      const shared = waitMs === 0 ? await readTable(wanted) : null;
      if (shared !== null) {
        await copyToDisk(key, shared);
        return { ok: true, code: shared };
      }
      const lease = await acquireOrFail(lock, key, logger);
      // without the lock nothing is written, and what is compiled serves this process
      if (lease === 'unavailable') return build(compile);
      if (lease !== null) return buildUnder(lease, wanted);
    }
  };

  const findOnce = async (wanted: Wanted): Promise<CompileResult> => {
    try {
      const result = await findBeyondRam(wanted);
      if (result.ok) ram.set(wanted.key, result.code);
      return result;
    } finally {
      inFlight.delete(wanted.key);
    }
  };

  return {
    async find(key, compile, buildKey) {
      const code = ram.get(key);
      count('ram', code === undefined ? 'miss' : 'hit');
      if (code !== undefined) return { ok: true, code };
      const running = inFlight.get(key);
      if (running !== undefined) return running;
      const search = findOnce({ key, compile, buildKey: buildKey ?? null });
      inFlight.set(key, search);
      return search;
    },
  };
}

function fileName(key: string): string {
  return `${key}.cjs`;
}

async function acquireOrFail(
  lock: BuildLock,
  key: string,
  logger: Logger,
): Promise<Lease | null | 'unavailable'> {
  try {
    return await lock.acquire(key);
  } catch (error) {
    logger.warn({ err: error, key }, 'the build lock cannot be reached; compiling for this process only');
    return 'unavailable';
  }
}

async function releaseQuietly(lease: Lease, logger: Logger): Promise<void> {
  try {
    await lease.release();
  } catch (error) {
    logger.warn({ err: error }, 'a build lock could not be released and will expire');
  }
}
