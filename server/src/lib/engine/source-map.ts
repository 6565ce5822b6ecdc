import { SourceMap } from 'node:module';
import { VIRTUAL_ROOT } from './import-guard.ts';

/** From places in compiled code to places in a template's sources. */
export type TemplateMap = {
  /** The source's place of a line and a column of the code, all of them from 1; null where there is none. */
  find(line: number, column: number): { file: string; line: number; column: number } | null;
};

/**
 * Reads the map that Bun writes beside compiled code, of which `columnsBefore` are put before its first line.
 * Throws when it is not one: it comes from our own compiler.
 */
export function parseTemplateMap(json: string, columnsBefore: number): TemplateMap {
  const map = new SourceMap(JSON.parse(json));
  return {
    find(line, column) {
      const generated = line === 1 ? column - columnsBefore : column;
      if (line < 1 || generated < 1) return null;
      const entry = map.findEntry(line - 1, generated - 1);
      if (!('originalSource' in entry) || typeof entry.originalSource !== 'string') return null;
      const { originalSource, originalLine, originalColumn } = entry;
      const start = originalSource.indexOf(VIRTUAL_ROOT);
      if (start < 0 || typeof originalLine !== 'number' || typeof originalColumn !== 'number') return null;
      return {
        file: originalSource.slice(start + VIRTUAL_ROOT.length),
        line: originalLine + 1,
        column: originalColumn + 1,
      };
    },
  };
}
