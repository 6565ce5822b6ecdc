import { COLUMNS_BEFORE_CODE, TEMPLATE_FILENAME } from './sandbox/template-script.ts';
import { sourceError, type SourceError, type SourcePlace } from './source-errors.ts';
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
 * An error in terms of the sources: the innermost frame of its stack that is one of theirs, and those around it. A stack that
 * somebody made up names wrong places in the same template, and nothing else. Null when no frame is known.
 */
export function locateThrown(thrown: ThrownError, mapped: MappedSources): SourceError | null {
  const frames = [...(thrown.stack ?? '').matchAll(FRAME)].slice(0, MAX_FRAMES);
  const places = frames.flatMap(([, line, column]) => findPlace(mapped, Number(line), Number(column)));
  const [innermost, ...trace] = places;
  if (innermost === undefined) return null;
  const { file, line, column } = innermost;
  return {
    ...sourceError(file, thrown.message),
    line,
    column,
    lineText: lineOf(mapped.sources, file, line) ?? null,
    ...(trace.length > 0 ? { trace } : {}),
  };
}

function findPlace({ map, sources }: MappedSources, line: number, column: number): SourcePlace[] {
  const place = map.find(line, columnInCode(line, column));
  return place !== null && lineOf(sources, place.file, place.line) !== undefined ? [place] : [];
}

function columnInCode(line: number, column: number): number {
  return line === 1 ? column - COLUMNS_BEFORE_CODE : column;
}

function lineOf({ files }: TemplateSources, file: string, line: number): string | undefined {
  return Object.hasOwn(files, file) ? files[file]?.split(/\r?\n/)[line - 1] : undefined;
}
