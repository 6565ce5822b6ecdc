import { type AcceptSample, measureAccept } from './delivery/measure-accept.ts';
import { startProduct } from './delivery/product.ts';
import { type BenchServers, startBenchServers } from './delivery/servers.ts';
import type { BenchSystem } from './delivery/system.ts';
import { readReceipt } from './mails.ts';
import { type BenchReport, percentile, round, toTable } from './report.ts';

const ROUNDS = 5;
const CONNECTIONS = 32;
const DURATION_MS = 1000;

/** What of accepting is told to others: nothing, metrics to whoever reads /metrics, and spans by OTLP besides. */
const WAYS = {
  off: 'telemetry off',
  metrics: '/metrics',
  unsampled: '/metrics and spans, none sampled',
  sampled: '/metrics and spans, all sampled',
} as const;
type Way = keyof typeof WAYS;
const WAY_NAMES: readonly Way[] = ['off', 'metrics', 'unsampled', 'sampled'];

/** Measures what telemetry costs the process that accepts, in CPU a message, beside itself without. */
export async function runTracingBench(): Promise<BenchReport> {
  const servers = await startBenchServers();
  const collector = startCollector();
  try {
    const systems = await startSystems(servers, collector.url);
    const samples = await measureRounds(servers, systems);
    await Promise.all(Object.values(systems).map((system) => system.stop()));
    if (collector.postCount() === 0)
      throw new Error('no span came: what was measured is telemetry that is off');
    return toReport(samples);
  } finally {
    await collector.stop();
    await servers.stop();
  }
}

/** Takes what is sent and forgets it. */
function startCollector() {
  let posts = 0;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      await request.arrayBuffer();
      if (new URL(request.url).pathname === '/v1/traces') posts += 1;
      return new Response(null, { headers: { 'content-type': 'application/x-protobuf' } });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    postCount: () => posts,
    stop: () => server.stop(true),
  };
}

async function startSystems(servers: BenchServers, url: string): Promise<Record<Way, BenchSystem>> {
  const mail = readReceipt();
  const start = (env: Record<string, string>) => startProduct(servers, { mail, env });
  const scraped = { METRICS_TOKEN: 'a-token-of-a-benchmark' };
  const traced = { ...scraped, OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_METRICS_EXPORTER: 'none' };
  return {
    off: await start({}),
    metrics: await start(scraped),
    unsampled: await start({ ...traced, OTEL_TRACES_SAMPLER: 'always_off' }),
    sampled: await start({ ...traced, OTEL_TRACES_SAMPLER: 'always_on', OTEL_BSP_MAX_QUEUE_SIZE: '65536' }),
  };
}

type Samples = Record<Way, AcceptSample[]>;

async function measureRounds(servers: BenchServers, systems: Record<Way, BenchSystem>): Promise<Samples> {
  const samples: Samples = { off: [], metrics: [], unsampled: [], sampled: [] };
  const options = { connections: CONNECTIONS, durationMs: DURATION_MS, hasRows: true };
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    for (const way of WAY_NAMES) samples[way].push(await measureAccept(servers, systems[way], options));
  }
  return samples;
}

function median(samples: readonly AcceptSample[], key: keyof AcceptSample): number {
  return percentile(
    samples.map((sample) => sample[key]),
    0.5,
  );
}

/** How much more CPU a way takes than none, in the same round: the median over the rounds. */
function overhead(samples: Samples, way: Way): number {
  const ratios = samples[way].map(
    ({ appCpuUs }, index) => appCpuUs / (samples.off[index]?.appCpuUs ?? Number.NaN) - 1,
  );
  return percentile(ratios, 0.5);
}

function toReport(samples: Samples): BenchReport {
  const table = toTable([
    ['accept, 32 connections', 'CPU µs: app', 'more than off', 'requests/s', 'p99 ms'],
    ...WAY_NAMES.map((way) => [
      WAYS[way],
      median(samples[way], 'appCpuUs').toFixed(0),
      way === 'off' ? '' : `${(overhead(samples, way) * 100).toFixed(0)} %`,
      median(samples[way], 'requestsPerS').toFixed(0),
      median(samples[way], 'p99Ms').toFixed(1),
    ]),
  ]);
  return {
    table: `${table}\n\nCPU a message of the process that accepts, against the same without telemetry in the same round (medians of ${ROUNDS} rounds).`,
    figures: {
      offCpuUs: round(median(samples.off, 'appCpuUs')),
      metricsCpuUs: round(median(samples.metrics, 'appCpuUs')),
      unsampledCpuUs: round(median(samples.unsampled, 'appCpuUs')),
      sampledCpuUs: round(median(samples.sampled, 'appCpuUs')),
      metricsOverhead: round(overhead(samples, 'metrics')),
      unsampledOverhead: round(overhead(samples, 'unsampled')),
      sampledOverhead: round(overhead(samples, 'sampled')),
    },
  };
}
