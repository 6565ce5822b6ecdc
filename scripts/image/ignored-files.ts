import { Glob } from 'bun';

type Rule = { globs: readonly Glob[]; isIncluding: boolean };

/**
 * Reads a .dockerignore: true for paths, relative to the context, that stay out of a build. As Docker does it: the last
 * line that matches a path or a folder above it decides.
 */
export function parseIgnored(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(toRule);
  return (path) =>
    rules.reduce((isOut, { globs, isIncluding }) => {
      return globs.some((glob) => glob.match(path)) ? !isIncluding : isOut;
    }, false);
}

function toRule(line: string): Rule {
  const isIncluding = line.startsWith('!');
  const pattern = line.slice(isIncluding ? 1 : 0).replace(/^\/|\/$/g, '');
  return { globs: [new Glob(pattern), new Glob(`${pattern}/**`)], isIncluding };
}
