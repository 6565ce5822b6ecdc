import type { TemplateSources } from '../template-sources.ts';

export type Place = { file: string | null; line: number | null };

/** Longer files are generated, and looking into them costs more than the line is worth. */
const MAX_SEARCHED_LENGTH = 100_000;

/** Where a pattern or a text first stands in a template's sources, the entry before the others. */
export function findPlace({ entry, files }: TemplateSources, wanted: string | RegExp): Place {
  const names = [entry, ...Object.keys(files).filter((name) => name !== entry && !name.endsWith('.json'))];
  for (const file of names) {
    const source = files[file] ?? '';
    if (!isSearchable(source)) continue;
    const index = typeof wanted === 'string' ? source.indexOf(wanted) : source.search(wanted);
    if (index >= 0) return { file, line: lineAt(source, index) };
  }
  return { file: null, line: null };
}

/** False for a file too long to be looked into. */
export function isSearchable(source: string): boolean {
  return source.length <= MAX_SEARCHED_LENGTH;
}

/** The number, from 1, of the line that holds the character at `index`. */
export function lineAt(source: string, index: number): number {
  return source.slice(0, index).split('\n').length;
}
