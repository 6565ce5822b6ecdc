import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { createByteLru } from './byte-lru.ts';
import type { CompileResult } from './compiler.ts';
import type { BuildLock, Lease } from './locker.ts';

export type LookupOptions = {
  store: ArtifactStore;
  lock: BuildLock;
  logger: Logger;
  metrics: Pick<Metrics, 'templateLookups' | 'templateCompiles' | 'compileMs'>;
  /** Waits between two looks at a holder's artifact. */
  sleep?: (ms: number) => Promise<void>;
  maxRamBytes?: number;
};

export type TemplateLookup = {
  /**
   * Finds the compiled form of what `key` names: in RAM, on disk, or by compiling under the lock. `compile` is
   * called at most once at a time for a key across all holders of the lock.
   */
  find(key: string, compile: () => Promise<CompileResult>): Promise<CompileResult>;
};

const DEFAULT_RAM_BYTES = 64 * 1024 * 1024;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;

/** Creates the look-up: RAM, then disk, then lock, disk again, and compile. */
export function createTemplateLookup({
  store,
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
    metrics.compileMs.record(performance.now() - startedAt);
    metrics.templateCompiles.add(1, { result: result.ok ? 'ok' : 'failed' });
    return result;
  };

  const buildUnder = async (
    lease: Lease,
    key: string,
    compile: () => Promise<CompileResult>,
  ): Promise<CompileResult> => {
    try {
      // another may have published between the look at the disk and the lock
      const published = await readDisk(key);
      if (published !== null) return { ok: true, code: published };
      const result = await build(compile);
      if (!result.ok) return result;
      const isWritten = await store.write(fileName(key), result.code, lease);
      if (!isWritten) logger.warn({ key }, 'a compiled template was not kept on disk');
      return result;
    } finally {
      await releaseQuietly(lease, logger);
    }
  };

  const findBeyondRam = async (
    key: string,
    compile: () => Promise<CompileResult>,
  ): Promise<CompileResult> => {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      const found = await readDisk(key);
      if (found !== null) return { ok: true, code: found };
      const lease = await acquireOrFail(lock, key, logger);
      // without the lock nothing is written, and what is compiled serves this process
      if (lease === 'unavailable') return build(compile);
      if (lease !== null) return buildUnder(lease, key, compile);
      await sleep(waitMs);
    }
  };

  const findOnce = async (key: string, compile: () => Promise<CompileResult>): Promise<CompileResult> => {
    try {
      const result = await findBeyondRam(key, compile);
      if (result.ok) ram.set(key, result.code);
      return result;
    } finally {
      inFlight.delete(key);
    }
  };

  return {
    async find(key, compile) {
      const code = ram.get(key);
      count('ram', code === undefined ? 'miss' : 'hit');
      if (code !== undefined) return { ok: true, code };
      const running = inFlight.get(key);
      if (running !== undefined) return running;
      const search = findOnce(key, compile);
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
