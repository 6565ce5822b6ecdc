import { loadServer } from './delivery/load.ts';
import { measureDeliver } from './delivery/measure-deliver.ts';
import { startProduct } from './delivery/product.ts';
import { startBenchServers } from './delivery/servers.ts';
import { type BenchSystem, queryNumbers } from './delivery/system.ts';
import { waitFor } from './delivery/wait.ts';
import { readReceipt } from './mails.ts';
import { type BenchReport, percentile, round, toTable } from './report.ts';

const IDLE_MESSAGES = 200;
const CAPACITY_MESSAGES = 600;
const HALF_LOAD_MS = 8000;
const HALF_LOAD_CONNECTIONS = 16;

/** From the 202's row to the checkpoint just before bytes leave, by the database's clock. */
const LATENCIES = `select extract(epoch from h.created_at - a.created_at) * 1000 as value
  from message_events a join message_events h using (message_id)
  where a.type = 'accepted' and h.type = 'handed_over' order by a.id desc limit `;

/** Measures from accepted to handed over, one message at a time and at half of what one worker can do. */
export async function runLatencyBench(): Promise<BenchReport> {
  const servers = await startBenchServers();
  try {
    const product = await startProduct(servers, { mail: readReceipt() });
    const { messagesPerS } = await measureDeliver(servers, product, {
      messages: CAPACITY_MESSAGES,
      workers: 1,
    });
    const worker = await product.startWorker();
    const idle = await measureAt(product, { requests: IDLE_MESSAGES, connections: 1, ratePerS: 20 });
    const ratePerS = messagesPerS / 2;
    const requests = Math.round((ratePerS * HALF_LOAD_MS) / 1000);
    const half = await measureAt(product, { requests, connections: HALF_LOAD_CONNECTIONS, ratePerS });
    await worker.stop();
    await product.stop();
    return toReport(idle, half, ratePerS);
  } finally {
    await servers.stop();
  }
}

type Load = { requests: number; connections: number; ratePerS: number };

async function measureAt(product: BenchSystem, load: Load): Promise<number[]> {
  const before = await product.countRecorded();
  await loadServer({ ...product.request, ...load, durationMs: 60_000 });
  await waitFor('all to be sent', async () => (await product.countRecorded()) - before === load.requests);
  return queryNumbers(product.databaseUrl, `${LATENCIES}${load.requests}`);
}

function toReport(idle: readonly number[], half: readonly number[], ratePerS: number): BenchReport {
  const row = (name: string, values: readonly number[]) => [
    name,
    ...[0.5, 0.99].map((share) => percentile(values, share).toFixed(1)),
    Math.max(...values).toFixed(1),
  ];
  return {
    table: toTable([
      ['accepted to handed over', 'p50 ms', 'p99 ms', 'worst ms'],
      row('one message at a time', idle),
      row(`half load (${ratePerS.toFixed(0)} messages/s)`, half),
    ]),
    figures: {
      idleP50Ms: round(percentile(idle, 0.5)),
      idleP99Ms: round(percentile(idle, 0.99)),
      halfLoadP50Ms: round(percentile(half, 0.5)),
      halfLoadP99Ms: round(percentile(half, 0.99)),
    },
  };
}
