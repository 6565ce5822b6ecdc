import { resolveRelative, SHARED_FOLDER } from '../engine/relative-imports.ts';

type Files = Readonly<Record<string, string>>;

/** Any quoted relative path: a file too many costs nothing, and a source need not parse to be read. */
const RELATIVE_SPECIFIER = /(['"])(\.\.?\/[^'"\n]+)\1/g;

/** Adds to a template's own files those of `shared` (named `_shared/...`) that they import, directly or through others. */
export function withSharedSources(own: Files, shared: Files): Record<string, string> {
  const files: Record<string, string> = { ...own };
  const open = Object.entries(own);
  for (let next = open.pop(); next; next = open.pop()) {
    const [from, source] = next;
    for (const [, , specifier = ''] of source.matchAll(RELATIVE_SPECIFIER)) {
      const found = resolveRelative({ from, specifier, files: shared });
      if (found.kind !== 'found' || !found.path.startsWith(SHARED_FOLDER)) continue;
      if (Object.hasOwn(files, found.path)) continue;
      const content = shared[found.path] ?? '';
      files[found.path] = content;
      open.push([found.path, content]);
    }
  }
  return files;
}
