import type { LoadResult } from './http-load.ts';
import { loadServer } from './load.ts';
import { cpuUsOf } from './process-cpu.ts';
import type { BenchServers } from './servers.ts';
import type { BenchSystem } from './system.ts';

export type AcceptSample = Pick<LoadResult, 'p50Ms' | 'p99Ms'> & {
  requestsPerS: number;
  /** CPU a request, in µs, of the process that accepts, of PostgreSQL and of Redis. */
  appCpuUs: number;
  postgresCpuUs: number;
  redisCpuUs: number;
};

export type AcceptOptions = {
  connections: number;
  durationMs: number;
  /** False for a route that keeps nothing. */
  hasRows: boolean;
};

const WARM_UP_REQUESTS = 200;

/** A fresh worker compiles what it runs for its first second or two, and takes the CPU for it. */
const WORKER_WARM_UP_MS = 1500;
/** Mails that wait, so that a worker is busy from its first moment to its last. */
const BACKLOG = 2500;
const FILL_CONNECTIONS = 32;

/**
 * Runs `work` beside a worker of the system that has warmed up on a backlog, and goes on with it.
 *
 * @throws Error where the worker had nothing left to do in the end: what was measured had the machine to itself
 */
export async function besideWorker<T>(
  system: Pick<BenchSystem, 'name' | 'request' | 'startWorker' | 'countAccepted' | 'countRecorded'>,
  work: () => Promise<T>,
): Promise<T> {
  const backlog = async () => (await system.countAccepted()) - (await system.countRecorded());
  const missing = BACKLOG - (await backlog());
  if (missing > 0) {
    await loadServer({
      ...system.request,
      connections: FILL_CONNECTIONS,
      requests: missing,
      durationMs: 60_000,
    });
  }
  const worker = await system.startWorker();
  try {
    await Bun.sleep(WORKER_WARM_UP_MS);
    const result = await work();
    if ((await backlog()) <= 0) throw new Error(`${system.name}: the worker had run out of mails`);
    return result;
  } finally {
    await worker.stop();
  }
}

/**
 * Loads what accepts.
 *
 * @throws Error where an answer was not a good one, or a mail that was accepted has no row
 */
export async function measureAccept(
  servers: BenchServers,
  system: Pick<BenchSystem, 'request' | 'ingest' | 'countAccepted'>,
  { connections, durationMs, hasRows }: AcceptOptions,
): Promise<AcceptSample> {
  await loadServer({ ...system.request, connections, requests: WARM_UP_REQUESTS, durationMs });
  const cpu = () => [system.ingest.pid, servers.postgresPid, servers.redisPid].map(cpuUsOf);
  const rowsBefore = await system.countAccepted();
  const before = cpu();
  const { ok, ...load } = await loadServer({
    ...system.request,
    connections,
    durationMs,
    requests: Number.MAX_SAFE_INTEGER,
  });
  const [appCpuUs = 0, postgresCpuUs = 0, redisCpuUs = 0] = cpu().map(
    (cpuUs, index) => (cpuUs - (before[index] ?? 0)) / ok,
  );
  const rows = (await system.countAccepted()) - rowsBefore;
  if (hasRows && rows !== ok) throw new Error(`${ok} mails were accepted and ${rows} of them have a row`);
  return {
    requestsPerS: (ok / load.durationMs) * 1000,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    appCpuUs,
    postgresCpuUs,
    redisCpuUs,
  };
}
