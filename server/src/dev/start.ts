import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClosers } from '../closers.ts';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { startService } from '../index.ts';
import { FolderInUseError } from '../lib/db/folder-lock.ts';
import type { Engine } from '../lib/engine/engine.ts';
import { createLogger, openDestination } from '../lib/telemetry/logger.ts';
import { type DevKeys, ensureDevKeys } from './credentials.ts';
import { createLocalApi, type LocalApi } from './local-api.ts';
import { createPreviewService, type PreviewService } from '../preview/service.ts';
import { openDevPages } from './pages.ts';
import { pushAll, type PushReport, watchTemplates } from './template-watcher.ts';

export { type FirstMail, sendFirstMail } from './first-mail.ts';
export type { PushReport } from './template-watcher.ts';
export { stopDeadlineMs } from '../index.ts';
export { stopOnSignals } from '../signals.ts';

/** One sentence for the person at the terminal: what is in the way, and what to do. */
export class DevStartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DevStartError';
  }
}

export type RunningDev = {
  readonly url: string;
  readonly config: Config;
  readonly profileName: string;
  readonly keys: DevKeys;
  readonly pages: PageLinks;
  readonly templatesDir: string;
  readonly pushed: readonly PushReport[];
  readonly api: LocalApi;
  stop(): Promise<void>;
};

export type DevOptions = {
  overrides: Readonly<Record<string, string | undefined>>;
  /** Leaves routine lines out of the log: for a run whose answer is all that matters. */
  isQuiet: boolean;
  onProgress: (text: string) => void;
  onPush: (report: PushReport) => void;
};

/** Where the pages are. Those that show mail carry a key behind the `#`, which a browser keeps to itself. */
export type PageLinks = { preview: string; inbox: string };

const STARTER_TEMPLATES = fileURLToPath(new URL('../../../templates', import.meta.url));
const INSTANCE_FILE = 'instance.json';

/**
 * Starts everything in this process: database, queue, engine, API, worker and the watcher over the templates.
 *
 * @throws ConfigError, or DevStartError with one clear sentence
 */
export async function startDev({ overrides, isQuiet, onProgress, onPush }: DevOptions): Promise<RunningDev> {
  const config = readConfig({ SERVICE_ROLE: 'DEV', ...overrides });
  const level = isQuiet && config.logLevel === 'info' ? 'warn' : config.logLevel;
  const destination = await openDestination(process.stderr.isTTY);
  const logger = createLogger({ level, destination, burst: config.logBurst });
  prepareFolder(config.mailerDir);
  const templatesDir = existsSync(config.templatesSourceDir) ? config.templatesSourceDir : STARTER_TEMPLATES;
  let preview: PreviewService | null = null;
  const openPages = ({ engine }: { engine: Engine }) =>
    openDevPages({ engine, templatesDir, service: () => preview });
  onProgress(existsSync(join(config.mailerDir, 'db')) ? 'Opening the database' : 'Creating the database');
  const service = await explainFailure(config, () => startService(config, logger, { openPages }));
  const closers = createClosers();
  closers.add(() => service.stop());
  try {
    const url = service.url ?? '';
    writeInstance(config.mailerDir, url);
    closers.add(async () => rmSync(join(config.mailerDir, INSTANCE_FILE), { force: true }));
    const keys = await ensureDevKeys(service.profile.database.db, {
      mailerDir: config.mailerDir,
      hasConfiguredAdmin: config.adminApiKey !== null,
    });
    const api = createLocalApi({ url, apiKey: keys.apiKey });
    preview = createPreviewService({ url, apiKey: keys.apiKey });
    onProgress('Pushing the templates');
    const pushed = await pushAll(templatesDir, api);
    const watcher = await watchTemplates({ folder: templatesDir, api, onPush });
    closers.add(() => watcher.stop());
    return {
      url,
      config,
      profileName: service.profile.name,
      keys,
      pages: toPageLinks(url, keys),
      templatesDir,
      pushed,
      api,
      stop: closers.closeAll,
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

function toPageLinks(url: string, { pagesKey }: DevKeys): PageLinks {
  return { preview: `${url}/preview`, inbox: `${url}/inbox#key=${pagesKey}` };
}

/** Before anything is opened, because a database that cannot write says so in its own words. */
function prepareFolder(mailerDir: string): void {
  try {
    mkdirSync(mailerDir, { recursive: true, mode: 0o700 });
    accessSync(mailerDir, constants.W_OK | constants.X_OK);
    const probe = join(mailerDir, '.writable');
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new DevStartError(
      `${mailerDir} cannot be written to; choose another folder with --dir or MAILER_DIR.`,
      { cause: error },
    );
  }
}

async function explainFailure<T>(config: Config, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof FolderInUseError)
      throw new DevStartError(describeOther(config.mailerDir), { cause: error });
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new DevStartError(
        `Port ${config.port} is taken by another program; choose another with --port or PORT.`,
        { cause: error },
      );
    }
    if (config.storage.kind !== 'embedded' || error instanceof ConfigError) throw error;
    const what = error instanceof Error ? error.name : 'unknown error';
    throw new DevStartError(
      `It cannot start on ${config.mailerDir} (${what}); if its database is damaged, move that folder away and start again.`,
      { cause: error },
    );
  }
}

function describeOther(mailerDir: string): string {
  const other = readInstance(mailerDir);
  const where = other ? ` at ${other.url} (process ${other.pid})` : '';
  return `It already runs${where} on ${mailerDir}; use that one, stop it, or choose another folder with --dir.`;
}

function writeInstance(mailerDir: string, url: string): void {
  writeFileSync(join(mailerDir, INSTANCE_FILE), JSON.stringify({ url, pid: process.pid }));
}

/** Where the DEV role on this folder listens, or null where none wrote so. */
export function readInstance(mailerDir: string): { url: string; pid: number } | null {
  try {
    const content: unknown = JSON.parse(readFileSync(join(mailerDir, INSTANCE_FILE), 'utf8'));
    if (typeof content !== 'object' || content === null || !('url' in content) || !('pid' in content))
      return null;
    return { url: String(content.url), pid: Number(content.pid) };
  } catch {
    return null;
  }
}
