import { connectControlSmtp } from '../control/smtp.ts';
import { loadServer } from './load.ts';
import { cpuUsOf } from './process-cpu.ts';
import type { BenchServers } from './servers.ts';
import type { BenchSystem } from './system.ts';
import { waitFor } from './wait.ts';

export type DeliverSample = { messagesPerS: number; cpuUsPerMessage: number };

/** The clock runs between these shares of the mails at the sink: start-up, a fresh process's compiling and the tail are left out. */
const FROM = 0.4;
const TO = 0.9;
const FILL_CONNECTIONS = 32;

/**
 * Fills the queue while no worker runs, then starts workers and takes the time in which they hand mails over.
 *
 * @throws Error where a mail was not recorded as sent in the end, or the sink has another number than that
 */
export async function measureDeliver(
  servers: BenchServers,
  system: BenchSystem,
  { messages, workers }: { messages: number; workers: number },
): Promise<DeliverSample> {
  const before = await system.countRecorded();
  await loadServer({
    ...system.request,
    connections: FILL_CONNECTIONS,
    requests: messages,
    durationMs: 60_000,
  });
  const sinkBefore = servers.sink.count();
  const arrived = () => servers.sink.count() - sinkBefore;
  const running = await Promise.all(Array.from({ length: workers }, () => system.startWorker()));
  try {
    const cpu = () => running.reduce((total, { pid }) => total + cpuUsOf(pid), 0);
    await waitFor('the first mails', () => arrived() >= messages * FROM);
    const start = { at: performance.now(), count: arrived(), cpuUs: cpu() };
    await waitFor('the most mails', () => arrived() >= messages * TO);
    const end = { at: performance.now(), count: arrived(), cpuUs: cpu() };
    await waitFor(
      'all mails to be recorded',
      async () => (await system.countRecorded()) - before === messages,
      { pollMs: 50 },
    );
    if (arrived() !== messages)
      throw new Error(`${system.name}: ${arrived()} mails at the sink, not ${messages}`);
    const count = end.count - start.count;
    return {
      messagesPerS: (count / (end.at - start.at)) * 1000,
      cpuUsPerMessage: (end.cpuUs - start.cpuUs) / count,
    };
  } finally {
    await Promise.all(running.map((worker) => worker.stop()));
  }
}

const RELAY_CONNECTIONS = 20;
const RELAY_BODY = Buffer.from(`Subject: A receipt\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(330)}`);

/** Hands mails of a receipt's size (about 25 KB as MIME) to a relay and takes the time in which it hands them on. */
export async function measureRelay(
  servers: BenchServers,
  relay: { port: number; pid: number },
  messages: number,
): Promise<DeliverSample> {
  const client = await connectControlSmtp(relay.port, RELAY_CONNECTIONS);
  const sinkBefore = servers.sink.count();
  const arrived = () => servers.sink.count() - sinkBefore;
  const mail = { from: 'shop@example.com', to: 'ada@example.net', mime: RELAY_BODY };
  const sending = Promise.all(Array.from({ length: messages }, () => client.send(mail)));
  await waitFor('the first mails', () => arrived() >= messages * FROM);
  const start = { at: performance.now(), count: arrived(), cpuUs: cpuUsOf(relay.pid) };
  await waitFor('the most mails', () => arrived() >= messages * TO);
  const end = { at: performance.now(), count: arrived(), cpuUs: cpuUsOf(relay.pid) };
  await sending;
  await waitFor('all mails', () => arrived() === messages);
  client.close();
  const count = end.count - start.count;
  return {
    messagesPerS: (count / (end.at - start.at)) * 1000,
    cpuUsPerMessage: (end.cpuUs - start.cpuUs) / count,
  };
}
