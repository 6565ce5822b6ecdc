import { isAbsolute, join, relative } from 'node:path';
import { CommandError } from './command-error.ts';

/** The path of something inside a folder. @throws CommandError `failed` for what would be outside of it */
export function assertInside(folder: string, path: string): string {
  const target = join(folder, path);
  const way = relative(folder, target);
  if (way !== '' && !isAbsolute(path) && !isAbsolute(way) && !/^\.\.([/\\]|$)/.test(way)) return target;
  throw new CommandError('failed', `"${path}" is not a path inside ${folder}; nothing was written.`);
}
