import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiKey } from '../../server/src/lib/auth/api-key.ts';
import { startServiceProcess } from '../../server/test/support/service-process.ts';
import { loadServer } from '../delivery/load.ts';
import { prepareRequest } from '../delivery/product.ts';
import { readReceipt } from '../mails.ts';
import { residentMbOf } from './memory.ts';

export type ReadyTimes = { firstMs: number; laterMs: number; memoryMb: number };
type Settings = Readonly<Record<string, string>>;

const CONNECTIONS = 32;
const LOAD_MS = 4000;

/** From nothing to a service that says that it has started, and the memory it then takes. */
export async function measureStart(env: Settings): Promise<{ readyMs: number; memoryMb: number }> {
  const startedAt = performance.now();
  const service = await startServiceProcess(env);
  const readyMs = performance.now() - startedAt;
  const memoryMb = residentMbOf(service.pid).now;
  await service.stop('SIGTERM');
  return { readyMs, memoryMb };
}

/** The embedded service on an empty folder, and again on the same. */
export function measureEmbedded(): Promise<ReadyTimes> {
  return inFolder(async (env) => {
    const first = await measureStart(env);
    const later = await measureStart(env);
    return { firstMs: first.readyMs, laterMs: later.readyMs, memoryMb: later.memoryMb };
  });
}

/** The most memory that the embedded service takes while it accepts receipts and delivers them to its inbox, in MB. */
export function measureEmbeddedPeak(): Promise<number> {
  return inFolder(async (env) => {
    const admin = createApiKey('live').text;
    const service = await startServiceProcess({ ...env, ADMIN_API_KEY: admin });
    const request = await prepareRequest(service.url, { admin, mail: readReceipt() });
    await loadServer({
      ...request,
      connections: CONNECTIONS,
      requests: Number.MAX_SAFE_INTEGER,
      durationMs: LOAD_MS,
    });
    const { peak } = residentMbOf(service.pid);
    await service.stop('SIGTERM');
    return peak;
  });
}

async function inFolder<T>(work: (env: Settings) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-start-'));
  try {
    return await work({ SERVICE_ROLE: 'DEV', MAILER_DIR: folder, PORT: '0', HOST: '127.0.0.1' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
