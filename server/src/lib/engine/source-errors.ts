/** Where a source is wrong; lines and columns count from 1, null where the place is not known. */
export type SourceError = {
  file: string | null;
  line: number | null;
  column: number | null;
  lineText: string | null;
  message: string;
  hint: string | null;
  /** Of what was thrown: from where that place was reached, innermost first. */
  trace?: readonly SourcePlace[];
};

/** A place in a source; both count from 1. */
export type SourcePlace = { file: string; line: number; column: number };

/** Makes an error that has no place in a source, or only a file. */
export function sourceError(file: string | null, message: string, hint: string | null = null): SourceError {
  return { file, line: null, column: null, lineText: null, message, hint };
}

const MAX_LINE = 160;

/**
 * Writes errors for a person: `file:line:column: message`, the source line, a caret under the column, and a hint.
 * Lines and columns count from 1.
 */
export function formatSourceErrors(errors: readonly SourceError[]): string {
  return errors.map(formatSourceError).join('\n\n');
}

function formatSourceError({ file, line, column, lineText, message, hint }: SourceError): string {
  const place = [file, line, line === null ? null : column].filter((part) => part !== null).join(':');
  const lines = [place === '' ? message : `${place}: ${message}`];
  if (lineText !== null && line !== null) lines.push(...formatSnippet(lineText, line, column ?? 1));
  if (hint !== null) lines.push(`  hint: ${hint}`);
  return lines.join('\n');
}

function formatSnippet(lineText: string, line: number, column: number): string[] {
  // a minified source has lines of any length: show the part around the column
  const start = Math.max(0, column - 1 - MAX_LINE / 2);
  const shown = lineText.slice(start, start + MAX_LINE);
  const gutter = `  ${line} | `;
  // tabs are repeated so that the caret stands under its character however wide they are shown
  const before = shown.slice(0, column - 1 - start).replace(/[^\t]/g, ' ');
  return [`${gutter}${shown}`, `${' '.repeat(gutter.length)}${before}^`];
}
