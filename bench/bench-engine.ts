import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHash } from '../server/src/lib/engine/content-hash.ts';
import { createEngine, type Engine, type TemplateSources } from '../server/src/lib/engine/engine.ts';
import { createSilentTelemetry } from '../server/src/lib/engine/fixtures/silent-telemetry.ts';
import { createMemoryLock } from '../server/src/lib/engine/locker.ts';

/** A whole engine with its sandboxes, on a folder of its own. */
export type BenchEngine = {
  engine: Engine;
  /** Renders in a client's sandbox. Throws when that fails. */
  render(mail: {
    sandboxKey: string;
    sources: TemplateSources;
    propsJson: string;
  }): Promise<{ html: string; text: string }>;
  /** What renders have waited for a process since the last call, in milliseconds. */
  takeWaits(): number[];
  close(): Promise<void>;
};

/** Starts an engine. */
export async function startBenchEngine(): Promise<BenchEngine> {
  const distDir = await mkdtemp(join(tmpdir(), 'bench-engine-'));
  const { logger, metrics } = createSilentTelemetry();
  let waits: number[] = [];
  const sandboxWait = { record: (waitMs: number) => void waits.push(waitMs) };
  const engine = await createEngine({
    distDir,
    lock: createMemoryLock(),
    logger,
    metrics: { ...metrics, sandboxWait },
    limits: {},
  });
  const hashes = new WeakMap<TemplateSources, string>();
  const hashOf = (sources: TemplateSources): string => {
    const known = hashes.get(sources);
    if (known !== undefined) return known;
    const hashed = contentHash(sources);
    if (!hashed.ok) throw new Error('The sources are refused');
    hashes.set(sources, hashed.hash);
    return hashed.hash;
  };
  return {
    engine,
    async render({ sandboxKey, sources, propsJson }) {
      const template = { contentHash: hashOf(sources), load: async () => sources };
      const rendered = await engine.render({
        sandboxKey,
        template,
        propsJson,
        pins: { now: 0, seed: 'bench' },
      });
      if (!rendered.ok) throw new Error(rendered.message);
      return rendered;
    },
    takeWaits() {
      const taken = waits;
      waits = [];
      return taken;
    },
    async close() {
      await engine.close();
      await rm(distDir, { recursive: true, force: true });
    },
  };
}
