import { COLUMNS_BEFORE_CODE, TEMPLATE_FILENAME } from './sandbox/template-script.ts';
import { sourceError, type SourceError } from './source-errors.ts';
import type { TemplateMap } from './source-map.ts';
import type { TemplateSources } from './template-sources.ts';

/** What a sandbox says of an error: texts of a template's own making, however they look. */
export type ThrownError = { message: string; stack: string | null };

/** A template's map with the sources that it was made from. */
export type MappedSources = { map: TemplateMap; sources: TemplateSources };

const MAX_FRAMES = 20;
const FRAME = new RegExp(`\\b${RegExp.escape(TEMPLATE_FILENAME)}:(\\d{1,7}):(\\d{1,7})\\b`, 'g');

/** Whether the stack names the template at all, so that looking for its map is worth the while. */
export function hasTemplateFrame({ stack }: ThrownError): boolean {
  return stack?.includes(`${TEMPLATE_FILENAME}:`) ?? false;
}

/**
 * An error in terms of the sources: the innermost frame of its stack that is one of theirs. A stack that somebody
 * made up names a wrong place in the same template, and nothing else. Null when no frame is known.
 */
export function locateThrown(thrown: ThrownError, { map, sources }: MappedSources): SourceError | null {
  const frames = [...(thrown.stack ?? '').matchAll(FRAME)].slice(0, MAX_FRAMES);
  for (const [, line, column] of frames) {
    const place = map.find(Number(line), columnInCode(Number(line), Number(column)));
    const text = place === null ? undefined : lineOf(sources, place.file, place.line);
    if (place === null || text === undefined) continue;
    return {
      ...sourceError(place.file, thrown.message),
      line: place.line,
      column: place.column,
      lineText: text,
    };
  }
  return null;
}

function columnInCode(line: number, column: number): number {
  return line === 1 ? column - COLUMNS_BEFORE_CODE : column;
}

function lineOf({ files }: TemplateSources, file: string, line: number): string | undefined {
  return Object.hasOwn(files, file) ? files[file]?.split(/\r?\n/)[line - 1] : undefined;
}
