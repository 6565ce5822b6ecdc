import { startApi } from './api/start.ts';
import { createClosers } from './closers.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { createBuildTable } from './lib/db/template-builds.ts';
import { createEngine } from './lib/engine/engine.ts';
import { openProfile, type Profile } from './lib/profile.ts';
import { createLogger, type Logger } from './lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from './lib/telemetry/metrics.ts';
import { stopOnSignals } from './signals.ts';
import { startWorker } from './worker/start.ts';

/** A started role, whichever it is. */
export type RunningService = {
  /** Where the API listens; null in a process without one. */
  readonly url: string | null;
  readonly profile: Profile;
  /** Stops accepting, finishes or hands back what is under way, closes. Safe to call twice. */
  stop(): Promise<void>;
};

/**
 * Starts the role that the configuration names. The database must have been migrated, but for the embedded one, which
 * migrates itself.
 */
export async function startService(
  config: Config,
  logger: Logger,
  metrics: Metrics = createMetrics(),
): Promise<RunningService> {
  const opening = openProfile(config.storage, logger);
  // The engine starts its sandbox while the database opens; nothing is compiled, hence locked, before both are there.
  const starting = createEngine({
    distDir: config.templatesDistDir,
    builds: {
      read: async (key) => createBuildTable((await opening).database.db).read(key),
      write: async (key, code) => createBuildTable((await opening).database.db).write(key, code),
    },
    lock: { acquire: async (key) => (await opening).buildLock.acquire(key) },
    logger,
    metrics,
  });
  const [opened, started] = await Promise.allSettled([opening, starting]);
  if (opened.status === 'rejected' || started.status === 'rejected') {
    if (opened.status === 'fulfilled') await opened.value.close();
    if (started.status === 'fulfilled') await started.value.close();
    throw opened.status === 'rejected'
      ? opened.reason
      : started.status === 'rejected'
        ? started.reason
        : null;
  }
  const profile = opened.value;
  const engine = started.value;
  const closers = createClosers();
  closers.add(() => profile.close());
  closers.add(() => engine.close());
  try {
    const deps = { config, profile, engine, logger, metrics };
    const worker = config.role === 'API' ? null : startWorker(deps);
    const stopWorker = async () => worker?.stop();
    closers.add(stopWorker);
    const api = config.role === 'WORKER' ? null : startApi(deps);
    // Side by side, because each may use the whole grace.
    closers.add(async () => void (await Promise.all([api?.stop(), stopWorker()])));
    return { url: api?.url ?? null, profile, stop: closers.closeAll };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

/** The grace, and time to abort, record and close after it. */
export function stopDeadlineMs({ shutdownGraceMs }: Config): number {
  return shutdownGraceMs + 10_000;
}

async function main(): Promise<void> {
  const config = readConfig();
  const isForPeople = config.role === 'DEV' && process.stderr.isTTY;
  const logger = createLogger({ level: config.logLevel, isPretty: isForPeople });
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
    process.stderr.write(`${error instanceof ConfigError ? error.message : Bun.inspect(error)}\n`);
    process.exit(1);
  }
}
