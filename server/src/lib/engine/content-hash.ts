import { createHash } from 'node:crypto';
import { sourceError, type SourceError } from './source-errors.ts';
import type { TemplateSources } from './template-sources.ts';

/** Bounds of one template's sources. */
export const SOURCE_LIMITS = {
  maxFiles: 200,
  maxPathLength: 200,
  maxFileBytes: 512 * 1024,
  maxTotalBytes: 2 * 1024 * 1024,
} as const;

const PATH_PATTERN = /^[A-Za-z0-9_@.-]+(?:\/[A-Za-z0-9_@.-]+)*$/;
const FILE_PATTERN = /\.(?:tsx|ts|jsx|js|json)$/;
const ENTRY_PATTERN = /\.(?:tsx|ts|jsx|js)$/;

/** Names that would reach an object's prototype wherever paths are used as keys. */
const RESERVED_SEGMENTS = new Set(['.', '..', '__proto__']);

export type ContentHashResult = { ok: true; hash: string } | { ok: false; errors: readonly SourceError[] };

/**
 * Checks the paths and sizes of a template's sources and names their content: SHA-256 in hex over the entry's path
 * and every file in the order of its path, each with its length before it, so that no two sets of files share a
 * form.
 */
export function contentHash(sources: TemplateSources): ContentHashResult {
  const errors = checkSources(sources);
  if (errors.length > 0) return { ok: false, errors };
  const hash = createHash('sha256');
  const add = (text: string): void => {
    hash.update(`${Buffer.byteLength(text)}:`).update(text);
  };
  add(sources.entry);
  for (const path of Object.keys(sources.files).toSorted()) {
    add(path);
    add(sources.files[path] ?? '');
  }
  return { ok: true, hash: hash.digest('hex') };
}

function checkSources({ entry, files }: TemplateSources): SourceError[] {
  const paths = Object.keys(files);
  if (paths.length > SOURCE_LIMITS.maxFiles) {
    return [
      sourceError(
        null,
        `A template has at most ${SOURCE_LIMITS.maxFiles} files; this one has ${paths.length}`,
      ),
    ];
  }
  const errors = paths.flatMap((path) => checkPath(path) ?? checkSize(path, files[path] ?? '') ?? []);
  const totalBytes = paths.reduce((sum, path) => sum + Buffer.byteLength(files[path] ?? ''), 0);
  if (totalBytes > SOURCE_LIMITS.maxTotalBytes) {
    errors.push(sourceError(null, `A template has at most ${SOURCE_LIMITS.maxTotalBytes} bytes of sources`));
  }
  if (!Object.hasOwn(files, entry))
    errors.push(sourceError(null, `The entry "${entry}" is not among the files`));
  else if (!ENTRY_PATTERN.test(entry))
    errors.push(sourceError(entry, 'The entry must be a TSX, TS, JSX or JS file'));
  return errors;
}

function checkPath(path: string): SourceError | null {
  if (path.length > SOURCE_LIMITS.maxPathLength)
    return sourceError(path.slice(0, 80), 'The path is too long');
  const isPlain =
    PATH_PATTERN.test(path) && !path.split('/').some((segment) => RESERVED_SEGMENTS.has(segment));
  if (!isPlain) {
    return sourceError(
      path,
      'A path must be relative, without "..", with letters, digits and "_ @ . -" only',
    );
  }
  return FILE_PATTERN.test(path)
    ? null
    : sourceError(path, 'Only TSX, TS, JSX, JS and JSON files make a template');
}

function checkSize(path: string, source: string): SourceError | null {
  const bytes = Buffer.byteLength(source);
  if (bytes <= SOURCE_LIMITS.maxFileBytes) return null;
  return sourceError(path, `The file has ${bytes} bytes; ${SOURCE_LIMITS.maxFileBytes} are allowed`);
}
