import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  diesWithParent,
  type ServerProcess,
  startServerProcess,
} from '../../server/test/support/server-process.ts';
import type { Mail } from '../mails.ts';
import type { BenchServers } from './servers.ts';
import { type BenchProcess, type BenchSystem, countRows, WORKER_NICE } from './system.ts';

const BENCH = join(import.meta.dir, '..');
const READY = '"msg":"started"';

type Scripts = {
  name: string;
  ingest: readonly string[];
  worker: readonly string[];
  env?: Record<string, string>;
};

/** The bare hand-tuned pipeline: the limit. */
export function startControl(
  servers: BenchServers,
  mail: Mail,
  { workerNice = WORKER_NICE }: { workerNice?: string } = {},
): Promise<BenchSystem> {
  return startYardstick(servers, mail, {
    name: 'bare hand-tuned pipeline (limit)',
    ingest: [process.execPath, join(BENCH, 'control', 'ingest.ts')],
    worker: [process.execPath, join(BENCH, 'control', 'worker.ts')],
    env: { WORKER_NICE: workerNice },
  });
}

/** Express, one INSERT, BullMQ, the official render and nodemailer, on Node. */
export async function startNaive(servers: BenchServers, mail: Mail): Promise<BenchSystem> {
  const node = Bun.which('node');
  if (!node) throw new Error('Node.js is needed: it is what most people would run this stack on');
  return startYardstick(servers, mail, {
    name: 'Express, BullMQ, official render, nodemailer on Node',
    ingest: [node, join(BENCH, 'naive', 'api.mjs')],
    worker: [node, join(BENCH, 'naive', 'worker.mjs')],
    env: { TEMPLATE_MODULE: await buildForNode(mail), NODE_ENV: 'production' },
  });
}

/** The template as a module that Node can load, with its packages resolved from this repository. */
async function buildForNode({ name, folder }: Mail): Promise<string> {
  const outdir = join(BENCH, '..', 'node_modules', '.cache', 'bench-naive');
  await mkdir(outdir, { recursive: true });
  const built = await Bun.build({
    entrypoints: [join(folder, 'index.tsx')],
    outdir,
    naming: `${name}.mjs`,
    target: 'node',
    packages: 'external',
    define: { 'process.env.NODE_ENV': '"production"' },
    jsx: { runtime: 'automatic', importSource: 'react', development: false },
  });
  if (!built.success) throw new AggregateError(built.logs, 'the template does not build');
  return join(outdir, `${name}.mjs`);
}

/** A script of ours that says where it listens. */
export async function startScript(path: string): Promise<BenchProcess & { port: number }> {
  const command = diesWithParent([process.execPath, path]);
  const server = await startServerProcess({ command, cwd: BENCH, readyLine: READY });
  return { pid: server.pid, port: portOf(server), stop: () => server.stop('SIGKILL') };
}

async function startYardstick(
  servers: BenchServers,
  mail: Mail,
  { name, ingest, worker, env: given = {} }: Scripts,
): Promise<BenchSystem> {
  const { databaseUrl, redisUrl } = await servers.createStorage();
  const env = {
    ...given,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    SMTP_PORT: String(servers.sink.port),
  };
  const start = (command: readonly string[]) =>
    startServerProcess({ command: diesWithParent(command), cwd: BENCH, env, readyLine: READY });
  const api = await start(ingest);
  return {
    name,
    databaseUrl,
    ingest: { pid: api.pid, stop: () => api.stop('SIGKILL') },
    request: {
      port: portOf(api),
      path: '/v1/messages',
      headers: {},
      body: JSON.stringify({ to: 'ada@example.net', template: mail.name, props: JSON.parse(mail.propsJson) }),
    },
    async startWorker() {
      const started = await start(worker);
      return { pid: started.pid, stop: () => started.stop('SIGKILL') };
    },
    countRecorded: () => countRows(databaseUrl, "mails where status = 'sent'"),
    countAccepted: () => countRows(databaseUrl, 'mails'),
    stop: () => api.stop('SIGKILL'),
  };
}

function portOf(server: ServerProcess): number {
  const line = server
    .logTail()
    .split('\n')
    .find((candidate) => candidate.includes(READY));
  const { url } = JSON.parse(line ?? '{}');
  return Number(new URL(String(url)).port);
}
