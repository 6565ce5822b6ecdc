import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiKey } from '../../src/lib/auth/api-key.ts';
import { migrateDatabaseAt } from './migrate.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';
import { type SinkPlan, type SmtpSink, startSmtpSink } from './smtp-sink.ts';
import { createCaller, createClient, waitUntilEnded } from './system.ts';

/** Processes of both roles on servers that a test has started, and an SMTP server behind them. */
export type Fleet = AsyncDisposable & {
  sink: SmtpSink;
  /** Starts one API or worker more. */
  start(role: 'API' | 'WORKER'): Promise<ServiceProcess>;
  /** A live key of a client that is made at the first API. */
  createKey(url: string): Promise<string>;
};

export type FleetOptions = {
  databaseUrl: string;
  redisUrl: string;
  settings?: Record<string, string>;
  plan?: SinkPlan;
};

/** Migrates the database; starts no process yet. Whatever was started ends when the fleet is disposed of. */
export async function createFleet({
  databaseUrl,
  redisUrl,
  settings = {},
  plan = {},
}: FleetOptions): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'mail-fleet-'));
  const sink = await startSmtpSink({ plan });
  await migrateDatabaseAt(databaseUrl);
  const admin = createApiKey('live').text;
  const processes: ServiceProcess[] = [];
  const env = {
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    SMTP_HOST: sink.host,
    SMTP_PORT: String(sink.port),
    ADMIN_API_KEY: admin,
    RETRY_BASE_MS: '100',
    MAIL_FROM: 'Shop <shop@example.com>',
    ...settings,
  };
  return {
    sink,
    async start(role) {
      const own = { SERVICE_ROLE: role, MAILER_DIR: join(folder, String(processes.length)) };
      const service = await startServiceProcess({ ...env, ...own });
      processes.push(service);
      return service;
    },
    async createKey(url) {
      return (await createClient(createCaller(url), admin)).live;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map((service) => service.kill9()));
      await sink.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What callers without pause have met so far. */
export type Load = {
  readonly accepted: readonly string[];
  readonly failures: readonly string[];
  /** Lets every caller finish its request and ends. */
  stop(): Promise<void>;
};

/** Sends one message after the other on several connections, each to a recipient of its own. */
export function startLoad(options: { url: string; key: string; callers: number }): Load {
  const { url, key, callers } = options;
  const call = createCaller(url);
  const accepted: string[] = [];
  const failures: string[] = [];
  let isOver = false;
  let count = 0;
  const sendOne = async () => {
    try {
      const to = `m${count++}@example.net`;
      const answer = await call('POST', '/v1/messages', { key, body: { to, subject: 'x', text: 'x' } });
      if (answer.status === 202) accepted.push(String(answer.body.messageId));
      else failures.push(`${answer.status} ${JSON.stringify(answer.body)}`);
    } catch (error) {
      failures.push(String(error));
    }
  };
  const running = Array.from({ length: callers }, async () => {
    while (!isOver) await sendOne();
  });
  return {
    accepted,
    failures,
    async stop() {
      isOver = true;
      await Promise.all(running);
    },
  };
}

/** Waits until every message has ended and counts their states. */
export async function countEnds(
  url: string,
  key: string,
  ids: readonly string[],
): Promise<Record<string, number>> {
  const call = createCaller(url);
  const counts: Record<string, number> = {};
  for (const id of ids) {
    const { status } = await waitUntilEnded(call, id, key);
    counts[String(status)] = (counts[String(status)] ?? 0) + 1;
  }
  return counts;
}
