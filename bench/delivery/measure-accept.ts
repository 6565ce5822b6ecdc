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
  hasWorker: boolean;
  /** False for a route that keeps nothing. */
  hasRows: boolean;
};

const WARM_UP_REQUESTS = 200;

/**
 * Loads what accepts, with a worker beside it that delivers what comes in, or without.
 *
 * @throws Error where an answer was not a good one, or a mail that was accepted has no row
 */
export async function measureAccept(
  servers: BenchServers,
  system: Pick<BenchSystem, 'request' | 'ingest' | 'startWorker' | 'countAccepted'>,
  { connections, durationMs, hasWorker, hasRows }: AcceptOptions,
): Promise<AcceptSample> {
  const worker = hasWorker ? await system.startWorker() : null;
  try {
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
  } finally {
    await worker?.stop();
  }
}
