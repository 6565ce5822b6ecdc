import { outputOf, type OutputFlags } from './options.ts';
import { dim, green, toList, toTable } from './output.ts';
import { isTime, toCell } from './record.ts';

type Item = Record<string, unknown>;

/** One resource as the service answered it: JSON as it is, or a line for each field that says something. */
export function tellItem(flags: OutputFlags, item: Item, note: string | null = null): void {
  outputOf(flags).answer(item, () => {
    const rows = Object.entries(item)
      .map(([name, value]) => [dim(name), toCell(value)])
      .filter(([, cell]) => cell !== '');
    return note === null ? toTable(rows) : `${toTable(rows)}\n${note}`;
  });
}

/** A list of resources: JSON as it is, or a table of these fields. The first is never cut. */
export function tellItems<T extends Item>(
  flags: OutputFlags,
  items: readonly T[],
  { fields, none }: { fields: readonly (keyof T & string)[]; none: string },
): void {
  outputOf(flags).answer({ data: items }, () =>
    items.length === 0
      ? none
      : toList(
          items,
          fields.map((field, index) => ({
            title: field,
            of: (item: T) => toCell(item[field]),
            isWhole: index === 0 || isTime(items[0]?.[field]),
          })),
        ),
  );
}

/** That something was done, where the service answers nothing. */
export function tellDone(flags: OutputFlags, facts: Item, text: string): void {
  outputOf(flags).answer(facts, () => `${green('done')}  ${text}`);
}
