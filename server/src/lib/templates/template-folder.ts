import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import type { TemplateSources } from '../engine/engine.ts';
import { SHARED_FOLDER } from '../engine/relative-imports.ts';
import { withSharedSources } from './shared-sources.ts';

/** A template as it lies on disk. */
export type LocalTemplate = { name: string; path: string };

const ENTRIES = ['index.tsx', 'index.ts', 'index.jsx', 'index.js'] as const;
const SOURCE_EXTENSIONS = new Set(['.tsx', '.ts', '.jsx', '.js', '.json']);

/** Nothing beyond it is a source; a folder that holds more was named by mistake. */
const MAX_FILES = 200;

/** There is no template where one was named. */
export class NoTemplateError extends Error {
  constructor(
    readonly path: string,
    reason: string,
  ) {
    super(`${path} is not a template: ${reason}`);
    this.name = 'NoTemplateError';
  }
}

/** As deep as anybody sorts templates; a folder that goes on for longer was named by mistake. */
const MAX_DEPTH = 3;

/**
 * The templates below a folder: folders with an `index.tsx`, and single `.tsx` files directly in it. A folder without one
 * sorts the templates in it and is no part of their names. Names that begin with `_` or `.` are left out.
 */
export async function findTemplates(folder: string): Promise<LocalTemplate[]> {
  const found = await findBelow(folder, 0);
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

async function findBelow(folder: string, depth: number): Promise<LocalTemplate[]> {
  const found: LocalTemplate[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isHidden(entry.name)) continue;
    const path = join(folder, entry.name);
    const isFolder = entry.isDirectory();
    // A file in a folder that sorts may be a part of anything.
    if (isFolder ? (await findEntry(path)) !== null : depth === 0 && extname(entry.name) === '.tsx') {
      found.push({ name: templateName(path), path });
    } else if (isFolder && depth < MAX_DEPTH) found.push(...(await findBelow(path, depth + 1)));
  }
  return found;
}

/** Those of the templates below `folder` that one of the changed paths, as `watchFolder` tells them, is a part of. */
export function findTouched(
  templates: readonly LocalTemplate[],
  { folder, changed }: { folder: string; changed: readonly string[] },
): LocalTemplate[] {
  return templates.filter(({ path }) => {
    const own = relative(folder, path).split(sep).join('/');
    return changed.some((one) => one === own || one.startsWith(`${own}/`));
  });
}

/** `welcome` for both `templates/welcome/` and `templates/welcome.tsx`. */
export function templateName(path: string): string {
  return basename(path, extname(path));
}

/**
 * Reads a template's sources from a folder or a single file, with what they import from the `_shared` folder beside it.
 *
 * @throws NoTemplateError where there is no entry, or too many files to be one
 */
export async function readTemplate(path: string): Promise<TemplateSources> {
  const own = await readOwn(path);
  const shared = await readShared(join(dirname(resolve(path)), SHARED_FOLDER));
  const files = withSharedSources(own.files, shared);
  if (Object.keys(files).length > MAX_FILES)
    throw new NoTemplateError(path, `it has more than ${MAX_FILES} source files`);
  return { entry: own.entry, files };
}

async function readOwn(path: string): Promise<TemplateSources> {
  const info = await stat(path).catch(() => null);
  if (!info) throw new NoTemplateError(path, 'there is no such file or folder');
  if (info.isFile())
    return { entry: basename(path), files: { [basename(path)]: await readFile(path, 'utf8') } };
  const entry = await findEntry(path);
  if (!entry) throw new NoTemplateError(path, `it has no ${ENTRIES[0]}`);
  const sources = await readSources(path);
  if (sources.some(([name]) => name.startsWith(SHARED_FOLDER)))
    throw new NoTemplateError(path, `the folder ${SHARED_FOLDER} belongs beside it, not into it`);
  return { entry, files: Object.fromEntries(sources) };
}

async function readShared(folder: string): Promise<Record<string, string>> {
  const info = await stat(folder).catch(() => null);
  if (!info?.isDirectory()) return {};
  const sources = await readSources(folder);
  return Object.fromEntries(sources.map(([name, source]) => [SHARED_FOLDER + name, source]));
}

async function findEntry(folder: string): Promise<string | null> {
  const names = new Set(await readdir(folder));
  return ENTRIES.find((entry) => names.has(entry)) ?? null;
}

async function readSources(folder: string): Promise<[string, string][]> {
  const sources: [string, string][] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    if (!entry.isFile() || !SOURCE_EXTENSIONS.has(extname(name)) || name.split('/').some(isIgnored)) continue;
    sources.push([name, await readFile(path, 'utf8')]);
    if (sources.length > MAX_FILES)
      throw new NoTemplateError(folder, `it has more than ${MAX_FILES} source files`);
  }
  return sources.sort(([a], [b]) => (a < b ? -1 : 1));
}

function isHidden(name: string): boolean {
  return name.startsWith('_') || isIgnored(name);
}

function isIgnored(name: string): boolean {
  return name.startsWith('.') || name === 'node_modules';
}
