import type { ApiDeps } from './api/app.ts';
import type { PagesBeside } from './api/start.ts';
import { createClosers } from './closers.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { SchemaBehindError } from './lib/db/schema-guard.ts';
import { createBuildTable } from './lib/db/template-builds.ts';
import { createEngine, type Engine } from './lib/engine/engine.ts';
import type { Profile } from './lib/profile.ts';
import { createLogger, type Logger, openDestination } from './lib/telemetry/logger.ts';
import { lowerCpuPriority } from './lib/cpu-priority.ts';
import { startTelemetry, type Telemetry } from './lib/telemetry/telemetry.ts';
import { stopOnSignals } from './signals.ts';
import type { WorkerDeps } from './worker/start.ts';

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
  let opening: Promise<Profile> | null = null;
  const open = () => (opening ??= openStorage(config, logger));
  const openBuilds = async () => createBuildTable((await open()).database.db);
  const isStarting = Promise.withResolvers<void>();
  const starting = createEngine({
    sandboxMode: config.sandboxMode,
    isLockRequired: config.isProduction,
    distDir: config.templatesDistDir,
    builds: {
      read: async (key) => (await openBuilds()).read(key),
      write: async (key, code) => (await openBuilds()).write(key, code),
    },
    lock: { acquire: async (key) => (await open()).buildLock.acquire(key) },
    logger,
    metrics: telemetry.metrics,
    onStarting: isStarting.resolve,
  });
  // The sandbox starts on another core while this one loads the rest of the code, which is most of a start, and opens the database.
  await Promise.race([isStarting.promise, Promise.allSettled([starting])]);
  const [opened, started] = await Promise.allSettled([open(), starting, loadRole(config)]);
  if (opened.status === 'fulfilled' && started.status === 'fulfilled') {
    return startRole({ ...extras, config, profile: opened.value, engine: started.value, logger, telemetry });
  }
  // Whichever of them is there has nobody else to close it.
  if (opened.status === 'fulfilled') await opened.value.close();
  if (started.status === 'fulfilled') await started.value.close();
  throw [opened, started].find((result) => result.status === 'rejected')?.reason;
}

async function openStorage({ storage }: Config, logger: Logger): Promise<Profile> {
  const { openProfile } = await import('./lib/profile.ts');
  return openProfile(storage, logger);
}

/** What the role needs, and no more: an API does without the half of the code that delivers. */
async function loadRole({ role }: Config) {
  const [api, worker] = await Promise.all([
    role === 'WORKER' ? null : import('./api/start.ts'),
    role === 'API' ? null : import('./worker/start.ts'),
  ]);
  return { startApi: api?.startApi ?? null, startWorker: worker?.startWorker ?? null };
}

async function startRole(deps: ApiDeps & WorkerDeps & Extras): Promise<RunningService> {
  const { config, profile, engine } = deps;
  const closers = createClosers();
  closers.add(() => profile.close());
  closers.add(() => engine.close());
  try {
    const { startApi, startWorker } = await loadRole(config);
    const worker = startWorker?.(deps);
    const stopWorker = async () => worker?.stop();
    closers.add(stopWorker);
    const pages = (await deps.openPages?.(deps)) ?? null;
    closers.add(async () => pages?.stop());
    const api = startApi?.({ ...deps, pages });
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
  const destination = await openDestination(isForPeople);
  const logger = createLogger({ level: config.logLevel, destination, burst: config.logBurst });
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
