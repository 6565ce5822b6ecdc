import { posix } from 'node:path';

/** Where partials stand that several templates of a push share: beside the entry in `files`, beside the folder on disk. */
export const SHARED_FOLDER = '_shared/';

const CANDIDATE_SUFFIXES = [
  '',
  '.tsx',
  '.ts',
  '.jsx',
  '.js',
  '.json',
  '/index.tsx',
  '/index.ts',
  '/index.jsx',
  '/index.js',
];

export type RelativeImport = { kind: 'found'; path: string } | { kind: 'missing' } | { kind: 'outside' };

/**
 * Finds what a relative specifier names among a template's files. On disk a template's folder stands beside `_shared`, so
 * that `../_shared/x` from the folder's root means `_shared/x`; a shared file may import shared files only, because the
 * template it would reach is another each time.
 */
export function resolveRelative({
  from,
  specifier,
  files,
}: {
  from: string;
  specifier: string;
  files: Readonly<Record<string, string>>;
}): RelativeImport {
  const joined = posix.join(posix.dirname(from), specifier);
  const isFromShared = from.startsWith(SHARED_FOLDER);
  const path = !isFromShared && joined.startsWith(`../${SHARED_FOLDER}`) ? joined.slice(3) : joined;
  if (path.startsWith('../') || path === '..') return { kind: 'outside' };
  if (isFromShared && !path.startsWith(SHARED_FOLDER)) return { kind: 'outside' };
  const found = CANDIDATE_SUFFIXES.map((suffix) => path + suffix).find((name) => Object.hasOwn(files, name));
  return found === undefined ? { kind: 'missing' } : { kind: 'found', path: found };
}
