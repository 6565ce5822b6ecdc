import { diffLines } from 'diff';

export type Change = 'same' | 'removed' | 'added';

/** Two texts line by line, as side by side shows them: what each line of a side is. */
export type Comparison = { left: readonly Change[]; right: readonly Change[]; isSame: boolean };

/** Which lines only the left text has, and which only the right. */
export function compareLines(left: string, right: string): Comparison {
  const changes: { left: Change[]; right: Change[] } = { left: [], right: [] };
  for (const { added, removed, count } of diffLines(left, right)) {
    if (!added) changes.left.push(...Array<Change>(count).fill(removed ? 'removed' : 'same'));
    if (!removed) changes.right.push(...Array<Change>(count).fill(added ? 'added' : 'same'));
  }
  return { ...changes, isSame: left === right };
}
