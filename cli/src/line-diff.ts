/** One line of a comparison: kept, only in the new text, or only in the old. */
export type DiffLine = { kind: 'same' | 'added' | 'removed'; text: string };

/** Texts this much apart are shown as wholly replaced: nobody reads such a comparison line by line. */
const MAX_DISTANCE = 2000;

/** The shortest way from one text to another, line by line (Myers, "An O(ND) difference algorithm", 1986). */
export function diffLines(from: string, to: string): DiffLine[] {
  const [before, after] = [toLines(from), toLines(to)];
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end += 1;
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return [
    ...before.slice(0, start).map(same),
    ...diffMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

function toLines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function diffMiddle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const trace = findTrace(before, after);
  const removed = before.map((text): DiffLine => ({ kind: 'removed', text }));
  const added = after.map((text): DiffLine => ({ kind: 'added', text }));
  return trace === null ? [...removed, ...added] : walkBack(trace, before, after);
}

type Trace = readonly ReadonlyMap<number, number>[];

/** For each distance how far each diagonal gets; null where the texts are too far apart. */
function findTrace(before: readonly string[], after: readonly string[]): Trace | null {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  const limit = Math.min(before.length + after.length, MAX_DISTANCE);
  for (let distance = 0; distance <= limit; distance += 1) {
    trace.push(new Map(furthest));
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      let x = isDown(furthest, diagonal, distance)
        ? (furthest.get(diagonal + 1) ?? 0)
        : (furthest.get(diagonal - 1) ?? 0) + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      furthest.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return trace;
    }
  }
  return null;
}

function isDown(furthest: ReadonlyMap<number, number>, diagonal: number, distance: number): boolean {
  if (diagonal === -distance) return true;
  return diagonal !== distance && (furthest.get(diagonal - 1) ?? -1) < (furthest.get(diagonal + 1) ?? -1);
}

function walkBack(trace: Trace, before: readonly string[], after: readonly string[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [before.length, after.length];
  for (let distance = trace.length - 1; distance >= 0; distance -= 1) {
    const furthest = trace[distance] ?? new Map<number, number>();
    const down = isDown(furthest, x - y, distance);
    const previousDiagonal = x - y + (down ? 1 : -1);
    const previousX = distance === 0 ? 0 : (furthest.get(previousDiagonal) ?? 0);
    const previousY = distance === 0 ? 0 : previousX - previousDiagonal;
    const [cornerX, cornerY] =
      distance === 0 ? [0, 0] : down ? [previousX, previousY + 1] : [previousX + 1, previousY];
    while (x > cornerX && y > cornerY) {
      x -= 1;
      y -= 1;
      lines.push({ kind: 'same', text: before[x] ?? '' });
    }
    if (distance === 0) break;
    if (down) lines.push({ kind: 'added', text: after[y - 1] ?? '' });
    else lines.push({ kind: 'removed', text: before[x - 1] ?? '' });
    [x, y] = [previousX, previousY];
  }
  return lines.toReversed();
}

const CONTEXT_LINES = 3;

/** The comparison as `diff -u` writes it; empty where the texts are equal. */
export function toUnifiedDiff(path: string, from: string | null, to: string | null): string {
  if (from === to) return '';
  const lines = diffLines(from ?? '', to ?? '');
  const head = [
    `--- ${from === null ? '/dev/null' : `live/${path}`}`,
    `+++ ${to === null ? '/dev/null' : `local/${path}`}`,
  ];
  return [...head, ...toHunks(lines)].join('\n');
}

function toHunks(lines: readonly DiffLine[]): string[] {
  const shown = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1)
      .some(({ kind }) => kind !== 'same'),
  );
  const output: string[] = [];
  let [before, after] = [1, 1];
  for (let index = 0; index < lines.length; index += 1) {
    const isStart = shown[index] === true && shown[index - 1] !== true;
    if (isStart) {
      const length = shown.slice(index).findIndex((is) => !is);
      const hunk = lines.slice(index, length < 0 ? lines.length : index + length);
      const count = (skipped: DiffLine['kind']) => hunk.filter(({ kind }) => kind !== skipped).length;
      output.push(`@@ -${before},${count('added')} +${after},${count('removed')} @@`);
    }
    const line = lines[index];
    if (!line) break;
    if (shown[index]) output.push(MARKS[line.kind] + line.text);
    if (line.kind !== 'added') before += 1;
    if (line.kind !== 'removed') after += 1;
  }
  return output;
}

const MARKS = { same: ' ', added: '+', removed: '-' } as const;
