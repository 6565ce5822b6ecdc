import type { ApiDeps } from './api/app.ts';
import { type PagesBeside, startApi } from './api/start.ts';
import { createClosers } from './closers.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { SchemaBehindError } from './lib/db/schema-guard.ts';
import { createBuildTable } from './lib/db/template-builds.ts';
import { createEngine, type Engine } from './lib/engine/engine.ts';
import { openProfile, type Profile } from './lib/profile.ts';
import { createLogger, type Logger } from './lib/telemetry/logger.ts';
import { lowerCpuPriority } from './lib/cpu-priority.ts';
import { startTelemetry, type Telemetry } from './lib/telemetry/telemetry.ts';
import { stopOnSignals } from './signals.ts';
import { startWorker, type WorkerDeps } from './worker/start.ts';

/** A started role, whichever it is. */
export type RunningService = {
  /** Where the API listens; null in a process without one. */
  readonly url: string | null;
  readonly profile: Profile;
  /** Stops accepting, finishes or hands back what is under way, closes. Safe to call twice. */
  stop(): Promise<void>;
};

/** What a caller may bring along: its own telemetry, which stays its own to stop, an ear for steps of deliveries, and pages. */
export type ServiceOptions = Pick<WorkerDeps, 'onStep'> & {
  telemetry?: Telemetry;
  /** Makes the pages that are served beside the API; they are stopped with it. */
  openPages?:
    | ((deps: { profile: Profile; engine: Engine; config: Config }) => Promise<PagesBeside>)
    | undefined;
};

/**
 * Starts the role that the configuration names. The database must have been migrated, but for the embedded one, which
 * migrates itself.
 */
export async function startService(
  config: Config,
  logger: Logger,
  { telemetry: given, ...extras }: ServiceOptions = {},
): Promise<RunningService> {
  if (given) return startWith({ config, logger, telemetry: given, ...extras });
  const telemetry = await startTelemetry(config.telemetry, logger);
  try {
    const service = await startWith({ config, logger, telemetry, ...extras });
    const closers = createClosers();
    // Last, so that what is done on the way out is told as well.
    closers.add(() => telemetry.stop());
    closers.add(() => service.stop());
    return { ...service, stop: closers.closeAll };
  } catch (error) {
    await telemetry.stop();
    throw error;
  }
}

type Extras = Omit<ServiceOptions, 'telemetry'>;
type Starting = Extras & Pick<WorkerDeps, 'config' | 'logger'> & { telemetry: Telemetry };

async function startWith({ config, logger, telemetry, ...extras }: Starting): Promise<RunningService> {
  const opening = openProfile(config.storage, logger);
  const openBuilds = async () => createBuildTable((await opening).database.db);
  // The engine starts its sandbox while the database opens; nothing is compiled, hence locked, before both are there.
  const starting = createEngine({
    sandboxMode: config.sandboxMode,
    isLockRequired: config.isProduction,
    distDir: config.templatesDistDir,
    builds: {
      read: async (key) => (await openBuilds()).read(key),
      write: async (key, code) => (await openBuilds()).write(key, code),
    },
    lock: { acquire: async (key) => (await opening).buildLock.acquire(key) },
    logger,
    metrics: telemetry.metrics,
  });
  const [opened, started] = await Promise.allSettled([opening, starting]);
  if (opened.status === 'fulfilled' && started.status === 'fulfilled') {
    return startRole({ ...extras, config, profile: opened.value, engine: started.value, logger, telemetry });
  }
  // Whichever of them is there has nobody else to close it.
  if (opened.status === 'fulfilled') await opened.value.close();
  if (started.status === 'fulfilled') await started.value.close();
  throw [opened, started].find((result) => result.status === 'rejected')?.reason;
}

async function startRole(deps: ApiDeps & WorkerDeps & Extras): Promise<RunningService> {
  const { config, profile, engine } = deps;
  const closers = createClosers();
  closers.add(() => profile.close());
  closers.add(() => engine.close());
  try {
    const worker = config.role === 'API' ? null : startWorker(deps);
    const stopWorker = async () => worker?.stop();
    closers.add(stopWorker);
    const pages = (await deps.openPages?.(deps)) ?? null;
    closers.add(async () => pages?.stop());
    const api = config.role === 'WORKER' ? null : startApi({ ...deps, pages });
    // Side by side, because each may use the whole grace.
    closers.add(async () => void (await Promise.all([api?.stop(), stopWorker()])));
    return { url: api?.url ?? null, profile, stop: closers.closeAll };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

/** Draining, the grace, and time to abort, record and close after it. */
export function stopDeadlineMs({ shutdownDrainMs, shutdownGraceMs }: Config): number {
  return shutdownDrainMs + shutdownGraceMs + 10_000;
}

async function main(): Promise<void> {
  const config = readConfig();
  // Before anything is started: threads and sandboxes have it from whoever starts them.
  if (config.role === 'WORKER') lowerCpuPriority(config.workerNice);
  const isForPeople = config.role === 'DEV' && process.stderr.isTTY;
  const logger = createLogger({ level: config.logLevel, isPretty: isForPeople, burst: config.logBurst });
  const service = await startService(config, logger);
  logger.info({ role: config.role, profile: service.profile.name, url: service.url }, 'started');
  const signal = await stopOnSignals({ stop: service.stop, deadlineMs: stopDeadlineMs(config) });
  logger.info({ signal }, 'stopped');
}

if (import.meta.main) {
  try {
    await main();
    process.exit(0);
  } catch (error) {
    const isForOperators = error instanceof ConfigError || error instanceof SchemaBehindError;
    process.stderr.write(`${isForOperators ? error.message : Bun.inspect(error)}\n`);
    process.exit(1);
  }
}
