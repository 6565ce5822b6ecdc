import { stripVTControlCharacters } from 'node:util';
import { wantsColour } from './environment.ts';

/** Where a command's answer goes: one JSON value for programs, text for people. Progress and errors go to standard error. */
export type Output = {
  readonly isJson: boolean;
  /** The command's answer, once. */
  answer(value: unknown, toText: () => string): void;
  /** A line about what is going on; left out for programs. */
  note(text: string): void;
};

/** JSON wherever standard output is no terminal, or where it was asked for. */
export function createOutput({ isJson }: { isJson: boolean }): Output {
  return {
    isJson,
    answer(value, toText) {
      process.stdout.write(`${isJson ? JSON.stringify(value) : toText()}\n`);
    },
    note(text) {
      if (!isJson) process.stderr.write(`${text}\n`);
    },
  };
}

const isColoured = process.stdout.isTTY === true && wantsColour();
const paint = (open: number, close: number) => (text: string) =>
  isColoured ? `\u001B[${open}m${text}\u001B[${close}m` : text;

export const bold = paint(1, 22);
export const dim = paint(2, 22);
export const red = paint(31, 39);
export const green = paint(32, 39);
const yellow = paint(33, 39);
export const cyan = paint(36, 39);

/** Rows of equal columns, as wide as their widest cell; the last column is left as long as it is. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, visibleWidth(cell))));
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - visibleWidth(cell)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

type Reasons = { message: string; errors: readonly { path: string; message: string }[] };

/** Why something was refused: a message that shows the places itself (a code frame) stands alone. */
export function toReasons({ message, errors }: Reasons): string {
  if (message.includes('\n')) return message;
  return [message, ...errors.map(({ path, message: problem }) => `  ${path}  ${problem}`)].join('\n');
}

type Warning = { message: string; file: string | null; line: number | null };

/** What a template's checker found, a line each, to stand below the template's own line. */
export function toWarningLines(warnings: readonly Warning[]): string[] {
  return warnings.map(({ message, file, line }) => {
    const place = [file, line].filter((part) => part !== null).join(':');
    return `  ${yellow('warning')} ${place === '' ? '' : `${dim(place)}  `}${message}`;
  });
}

function visibleWidth(text: string): number {
  return Bun.stringWidth(stripVTControlCharacters(text));
}
