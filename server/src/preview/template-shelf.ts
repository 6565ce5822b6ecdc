import { relative } from 'node:path';
import type { PreviewEntry } from '@org/web/preview';
import type { TemplateSources } from '../lib/engine/engine.ts';
import { watchFolder } from '../lib/templates/folder-watch.ts';
import {
  findTemplates,
  findTouched,
  NoTemplateError,
  readTemplate,
} from '../lib/templates/template-folder.ts';

/** The templates of a folder as they are on disk now. */
export type TemplateShelf = {
  list(): Promise<PreviewEntry[]>;
  /** Null where there is no such template. */
  read(name: string): Promise<TemplateSources | null>;
  stop(): Promise<void>;
};

type ShelfOptions = { folder: string; onChange: (names: readonly string[]) => void };

/** An editor writes a file in more than one step; what follows within this time is the same save. */
const QUIET_MS = 4;

/** Watches a folder of templates and tells which of them a change may have touched. */
export async function openShelf({ folder, onChange }: ShelfOptions): Promise<TemplateShelf> {
  const list = async (): Promise<(PreviewEntry & { path: string })[]> =>
    (await present(folder)).map(({ name, path }) => ({ name, path, group: toGroup(folder, path) }));
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const tell = async (): Promise<void> => {
    timer = null;
    const paths = [...changed];
    changed.clear();
    const templates = await list();
    const touched = findTouched(templates, { folder, changed: paths });
    // A shared partial, or something that is gone: any of them may look different now.
    onChange((touched.length > 0 ? touched : templates).map(({ name }) => name));
  };
  const watcher = await watchFolder(folder, (path) => {
    changed.add(path);
    timer ??= setTimeout(() => void tell(), QUIET_MS);
  });
  return {
    list: async () => (await list()).map(({ name, group }) => ({ name, group })),
    async read(name) {
      const found = (await list()).find((template) => template.name === name);
      if (!found) return null;
      try {
        return await readTemplate(found.path);
      } catch (error) {
        // Deleted between the two looks.
        if (error instanceof NoTemplateError) return null;
        throw error;
      }
    },
    async stop() {
      if (timer !== null) clearTimeout(timer);
      await watcher.stop();
    },
  };
}

function toGroup(folder: string, path: string): string {
  return relative(folder, path).split(/[/\\]/).slice(0, -1).join('/');
}

/** None while the whole folder is away for a moment, as when a branch is switched. */
async function present(folder: string): ReturnType<typeof findTemplates> {
  try {
    return await findTemplates(folder);
  } catch {
    return [];
  }
}
