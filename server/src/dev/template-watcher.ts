import { SHARED_FOLDER } from '../lib/engine/relative-imports.ts';
import { watchFolder } from '../lib/templates/folder-watch.ts';
import {
  findTemplates,
  findTouched,
  type LocalTemplate,
  NoTemplateError,
  readTemplate,
} from '../lib/templates/template-folder.ts';
import type { LocalApi, PushResult } from './local-api.ts';

/** What became of one template that was pushed because it changed, or because the server started. */
export type PushReport = { name: string; durationMs: number; result: PushResult };

export type TemplateWatcher = { stop(): Promise<void> };

/** Editors write a file in several steps; the push waits until it has been quiet for this long. */
const QUIET_MS = 30;

/** Pushes every template of a folder; those that do not compile are reported and leave the others alone. */
export async function pushAll(folder: string, api: LocalApi): Promise<PushReport[]> {
  const reports: PushReport[] = [];
  for (const template of await findTemplates(folder)) reports.push(await push(template, api));
  return reports;
}

/**
 * Pushes a template whenever one of its files changes, and whatever uses a shared partial when that does. Resolves when
 * the folder is being watched.
 */
export async function watchTemplates(options: {
  folder: string;
  api: LocalApi;
  onPush: (report: PushReport) => void;
}): Promise<TemplateWatcher> {
  const { folder, api, onPush } = options;
  const changed = new Set<string>();
  let waiting: ReturnType<typeof setTimeout> | null = null;
  let pushing: Promise<void> = Promise.resolve();
  const pushUsersOfShared = async () => {
    for (const template of await findUsersOfShared(folder)) {
      const report = await push(template, api);
      // Not every template imports the partial that changed, and a push of the same is none.
      if (!report.result.ok || report.result.isNew) onPush(report);
    }
  };
  const pushChanged = async (paths: readonly string[]) => {
    // A deleted template stays what it is on the server: mail that waits may need it.
    const touched = findTouched(await findPresent(folder), { folder, changed: paths });
    for (const template of touched) onPush(await push(template, api));
    if (paths.some((path) => `${path}/`.includes(SHARED_FOLDER))) await pushUsersOfShared();
  };
  const watcher = await watchFolder(folder, (path) => {
    changed.add(path);
    clearTimeout(waiting ?? undefined);
    waiting = setTimeout(() => {
      const paths = [...changed];
      changed.clear();
      // One after the other, so that the last save is the version that stays.
      pushing = chain(pushing, () => pushChanged(paths));
    }, QUIET_MS);
  });
  return {
    async stop() {
      await watcher.stop();
      clearTimeout(waiting ?? undefined);
      await pushing;
    },
  };
}

/** Also a template whose shared partial is missing now: its push is what tells. */
async function findUsersOfShared(folder: string): Promise<LocalTemplate[]> {
  const users: LocalTemplate[] = [];
  for (const template of await findPresent(folder)) {
    const sources = await readTemplate(template.path).catch(() => null);
    const isUser = Object.values(sources?.files ?? {}).some((source) => source.includes(SHARED_FOLDER));
    if (isUser) users.push(template);
  }
  return users;
}

/** None while the whole folder is away for a moment, as when a branch is switched. */
async function findPresent(folder: string): Promise<LocalTemplate[]> {
  try {
    return await findTemplates(folder);
  } catch {
    return [];
  }
}

async function chain(previous: Promise<void>, next: () => Promise<void>): Promise<void> {
  await previous;
  await next();
}

async function push(template: LocalTemplate, api: LocalApi): Promise<PushReport> {
  const startedAt = performance.now();
  const result = await tryPush(template, api);
  return { name: template.name, durationMs: performance.now() - startedAt, result };
}

async function tryPush({ name, path }: LocalTemplate, api: LocalApi): Promise<PushResult> {
  try {
    return await api.pushTemplate(name, await readTemplate(path));
  } catch (error) {
    // Half-saved folders and a server that is stopping are not worth more than a line; the next save tries again.
    const detail =
      error instanceof NoTemplateError || error instanceof TypeError ? error.message : String(error);
    return { ok: false, detail, errors: [] };
  }
}
