import { createWriteStream, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiKey } from '../server/src/lib/auth/api-key.ts';
import { findFreePort } from '../server/test/support/free-port.ts';
import { migrateDatabaseAt } from '../server/test/support/migrate.ts';
import { type PostgresServer, startPostgres } from '../server/test/support/postgres.ts';
import { type RedisServer, startRedis } from '../server/test/support/redis.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { Journal } from './journal.ts';
import { type ChaosProvider, startProvider } from './provider.ts';
import { toProviderSettings } from './provider-settings.ts';
import { createServiceMember, type ServiceMember } from './service-member.ts';

/** Everything that a deployment consists of, as processes of their own on loopback ports. */
export type Stage = {
  postgres: PostgresServer;
  databaseUrl: string;
  redis: RedisServer;
  apis: readonly ServiceMember[];
  workers: readonly ServiceMember[];
  /** In order of preference. */
  providers: readonly ChaosProvider[];
  apiUrls: readonly string[];
  adminKey: string;
  /** Ends everything that was started and removes its files. Safe to call twice. */
  stop(): Promise<void>;
};

export type StageOptions = {
  apis: number;
  workers: number;
  concurrency: number;
  leaseMs: number;
  providerNames: readonly string[];
  faults: FaultPlan;
  journal: Journal;
  signal: AbortSignal;
  logFolder: string | null;
  settings?: Readonly<Record<string, string>>;
};

type Cleanup = () => Promise<unknown>;

/** Starts it all; where something does not start, what was started before it is ended again. */
export async function startStage(options: StageOptions): Promise<Stage> {
  const cleanups: Cleanup[] = [];
  const stop = async () => {
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
  };
  try {
    return { ...(await startParts(options, cleanups)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(options: StageOptions, cleanups: Cleanup[]): Promise<Omit<Stage, 'stop'>> {
  const folder = await mkdtemp(join(tmpdir(), 'mail-chaos-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startPostgres({ onLine: createLogFile(options.logFolder, 'postgres', cleanups) });
  cleanups.push(() => postgres.stop());
  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  const providers = await startProviders(options, cleanups);
  const { url: databaseUrl } = await postgres.createDatabase();
  await migrateDatabaseAt(databaseUrl);
  const adminKey = createApiKey('live').text;
  const shared = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    MAIL_FROM: 'Chaos <chaos@example.com>',
    ADMIN_API_KEY: adminKey,
    LEASE_MS: String(options.leaseMs),
    RETRY_BASE_MS: '250',
    WORKER_CONCURRENCY: String(options.concurrency),
    SHUTDOWN_GRACE_MS: '2000',
    ...toProviderSettings(providers, options.concurrency),
    ...options.settings,
  };
  const createMember = (name: string, env: Record<string, string>): ServiceMember =>
    createServiceMember({
      name,
      // A disk of its own, as in a container, which outlives its restarts.
      env: { ...shared, ...env, MAILER_DIR: join(folder, name.replaceAll(' ', '-')) },
      journal: options.journal,
      signal: options.signal,
      onLine: createLogFile(options.logFolder, name, cleanups),
    });
  const ports = Array.from({ length: options.apis }, findFreePort);
  const apis = ports.map((port, i) =>
    createMember(`api ${i + 1}`, { SERVICE_ROLE: 'API', PORT: String(port) }),
  );
  const workers = Array.from({ length: options.workers }, (_, i) =>
    createMember(`worker ${i + 1}`, { SERVICE_ROLE: 'WORKER', PORT: '0' }),
  );
  const members = [...apis, ...workers];
  cleanups.push(() => Promise.all(members.map((member) => member.kill9())));
  await Promise.all(members.map((member) => member.start()));
  return {
    postgres,
    databaseUrl,
    redis,
    apis,
    workers,
    providers,
    apiUrls: ports.map((port) => `http://127.0.0.1:${port}`),
    adminKey,
  };
}

async function startProviders(
  { providerNames, faults }: StageOptions,
  cleanups: Cleanup[],
): Promise<ChaosProvider[]> {
  const providers: ChaosProvider[] = [];
  for (const name of providerNames) {
    const provider = await startProvider(name, faults);
    cleanups.push(() => provider.goDown());
    providers.push(provider);
  }
  return providers;
}

/** One file for each process, through all its lives. */
function createLogFile(folder: string | null, name: string, cleanups: Cleanup[]): (line: string) => void {
  if (folder === null) return () => undefined;
  mkdirSync(folder, { recursive: true });
  const stream = createWriteStream(join(folder, `${name.replaceAll(' ', '-')}.log`));
  cleanups.push(async () => stream.end());
  return (line) => void stream.write(`${line}\n`);
}

/** How often processes of the service ended by themselves. */
export function countCrashes({ apis, workers }: Pick<Stage, 'apis' | 'workers'>): number {
  return [...apis, ...workers].reduce((sum, member) => sum + member.crashCount(), 0);
}
