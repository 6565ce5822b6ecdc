import { relative } from 'node:path';
import type { PreviewEntry } from '@org/web/preview';
import type { TemplateSources } from '../lib/engine/engine.ts';
import { watchFolder } from '../lib/templates/folder-watch.ts';
import {
  findTemplates,
  findTouched,
  type LocalTemplate,
  NoTemplateError,
  readTemplate,
} from '../lib/templates/template-folder.ts';

/** The templates of a folder as they are on disk now. */
export type TemplateShelf = {
  list(): readonly PreviewEntry[];
  /** Null where there is no such template. */
  read(name: string): Promise<TemplateSources | null>;
  stop(): Promise<void>;
};

type ShelfOptions = {
  folder: string;
  /** Templates that may look different now. */
  onChange: (names: readonly string[]) => void;
  /** There are others than there were. */
  onList: () => void;
};

/** An editor writes a file in more than one step; what follows within this time is the same save. */
const QUIET_MS = 4;

/** Watches a folder of templates and tells which of them a change may have touched. */
export async function openShelf({ folder, onChange, onList }: ShelfOptions): Promise<TemplateShelf> {
  let templates = await present(folder);
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const lookAgain = async (): Promise<void> => {
    const before = JSON.stringify(templates);
    templates = await present(folder);
    if (JSON.stringify(templates) !== before) onList();
  };
  const tell = async (): Promise<void> => {
    timer = null;
    const paths = [...changed];
    changed.clear();
    const touched = findTouched(templates, { folder, changed: paths });
    // First what somebody waits for: a save in a template that is known is by far the most.
    if (touched.length > 0) onChange(touched.map(({ name }) => name));
    await lookAgain();
    // A shared partial, a new file: any of them may look different now.
    if (touched.length === 0) onChange(templates.map(({ name }) => name));
  };
  const watcher = await watchFolder(folder, (path) => {
    changed.add(path);
    timer ??= setTimeout(() => void tell(), QUIET_MS);
  });
  return {
    list: () => templates.map(({ name, path }) => ({ name, group: toGroup(folder, path) })),
    async read(name) {
      const find = () => templates.find((template) => template.name === name);
      // Made a moment ago, and asked for before the watcher has told.
      if (!find()) await lookAgain();
      const found = find();
      return found ? readPresent(found) : null;
    },
    async stop() {
      if (timer !== null) clearTimeout(timer);
      await watcher.stop();
    },
  };
}

async function readPresent({ path }: LocalTemplate): Promise<TemplateSources | null> {
  try {
    return await readTemplate(path);
  } catch (error) {
    // Deleted since.
    if (error instanceof NoTemplateError) return null;
    throw error;
  }
}

function toGroup(folder: string, path: string): string {
  return relative(folder, path).split(/[/\\]/).slice(0, -1).join('/');
}

/** None while the whole folder is away for a moment, as when a branch is switched. */
async function present(folder: string): Promise<LocalTemplate[]> {
  try {
    return await findTemplates(folder);
  } catch {
    return [];
  }
}
