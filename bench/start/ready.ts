import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServiceProcess } from '../../server/test/support/service-process.ts';

export type ReadyTimes = { firstMs: number; laterMs: number; memoryMb: number };
type Settings = Readonly<Record<string, string>>;

/** From nothing to a service that says that it has started, and the memory it then takes. */
export async function measureStart(
  env: Settings,
  readMemory: (pid: number) => number,
): Promise<{ readyMs: number; memoryMb: number }> {
  const startedAt = performance.now();
  const service = await startServiceProcess(env);
  const readyMs = performance.now() - startedAt;
  const memoryMb = readMemory(service.pid);
  await service.stop('SIGTERM');
  return { readyMs, memoryMb };
}

/** The embedded service on an empty folder, and again on the same. */
export async function measureEmbedded(readMemory: (pid: number) => number): Promise<ReadyTimes> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-start-'));
  const env = { SERVICE_ROLE: 'DEV', MAILER_DIR: folder, PORT: '0', HOST: '127.0.0.1' };
  try {
    const first = await measureStart(env, readMemory);
    const later = await measureStart(env, readMemory);
    return { firstMs: first.readyMs, laterMs: later.readyMs, memoryMb: later.memoryMb };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
