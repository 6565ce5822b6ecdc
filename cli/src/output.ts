import { stripVTControlCharacters } from 'node:util';
import { wantsColour } from './environment.ts';

/** Where a command's answer goes: one JSON value for programs, text for people. Progress and errors go to standard error. */
export type Output = {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** The command's answer, once. */
  answer(value: unknown, toText: () => string): void;
  /** One of many answers: a line of JSON each. */
  line(value: unknown, toText: () => string): void;
  /** A line about what is going on; left out for programs, and with --quiet. */
  note(text: string): void;
};

/** JSON wherever standard output is no terminal, or where it was asked for. */
export function createOutput({ isJson, isQuiet = false }: { isJson: boolean; isQuiet?: boolean }): Output {
  const write = (value: unknown, toText: () => string): void => {
    process.stdout.write(`${isJson ? JSON.stringify(value) : toText()}\n`);
  };
  return {
    isJson,
    isQuiet,
    answer: write,
    line: write,
    note(text) {
      if (!isJson && !isQuiet) process.stderr.write(`${text}\n`);
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
export const yellow = paint(33, 39);
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

/** One column of a list. */
export type Column<Item> = {
  title: string;
  of: (item: Item) => string;
  tint?: (text: string) => string;
  /** Ids and names, which are of no use in part. */
  isWhole?: boolean;
  /** Numbers stand at the right, one under the other, and are never cut; their title may be. */
  isNumber?: boolean;
};

const GAP = 2;
const NARROWEST = 6;
const NARROWEST_NUMBER = 4;

/**
 * A list as a table that fits the terminal: where it would not, the widest columns are cut, and end in an ellipsis. Where even that is
 * too wide, each item is a block of lines.
 */
export function toList<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  width: number = process.stdout.columns ?? Number.POSITIVE_INFINITY,
): string {
  const cells = items.map((item) => columns.map(({ of }) => toOneLine(of(item))));
  // A column that says nothing about any of them is left out.
  const shown = columns.flatMap((column, index) => {
    const texts = cells.map((row) => row[index] ?? '');
    return texts.every((text) => text === '') ? [] : [{ column, texts }];
  });
  const bounds = shown.map(({ column, texts }) => toBounds(column, texts));
  if (sumOf(bounds.map(({ narrowest }) => narrowest)) > width) return toBlocks(items, shown);
  const widths = fitWidths(bounds, width);
  const place = ({ isNumber }: Column<Item>, text: string, index: number): string => {
    const fitting = cut(text, widths[index] ?? 0);
    return isNumber ? ' '.repeat((widths[index] ?? 0) - visibleWidth(fitting)) + fitting : fitting;
  };
  const head = shown.map(({ column }, index) => dim(place(column, column.title, index)));
  const toCells = (row: number): string[] =>
    shown.map(({ column, texts }, index) => (column.tint ?? same)(place(column, texts[row] ?? '', index)));
  return toTable([head, ...items.map((_, row) => toCells(row))]);
}

const same = (text: string): string => text;

type Bounds = { width: number; narrowest: number };

function toBounds<Item>({ title, isWhole, isNumber }: Column<Item>, texts: readonly string[]): Bounds {
  const content = Math.max(...texts.map(visibleWidth));
  const width = Math.max(visibleWidth(title), content);
  if (isWhole) return { width, narrowest: width };
  return { width, narrowest: isNumber ? Math.max(content, NARROWEST_NUMBER) : NARROWEST };
}

function fitWidths(columns: readonly Bounds[], limit: number): number[] {
  const widths = columns.map(({ width }) => width);
  while (sumOf(widths) > limit) {
    let widest = -1;
    columns.forEach(({ narrowest }, index) => {
      const width = widths[index] ?? 0;
      if (width > narrowest && width > (widths[widest] ?? 0)) widest = index;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** What columns of these widths take up. */
function sumOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

type Shown<Item> = { column: Column<Item>; texts: readonly string[] };

function toBlocks<Item>(items: readonly Item[], shown: readonly Shown<Item>[]): string {
  const blocks = items.map((_, row) =>
    toTable(
      shown.flatMap(({ column: { title, tint = same }, texts }) => {
        const text = texts[row] ?? '';
        return text === '' ? [] : [[dim(title), tint(text)]];
      }),
    ),
  );
  return blocks.join('\n\n');
}

function cut(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (visibleWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}\u2026`;
}

/** What a server or a mail says may hold line breaks and escape codes, which would tear the table or repaint the terminal. */
function toOneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
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
