import { existsSync, readFileSync } from 'node:fs';
import type { Mailer } from '@org/mail-sdk';
import { allOf } from './pages.ts';
import { isRecord } from './record.ts';
import { toTemplateTypes, type TypedTemplate } from './template-types.ts';
import { writeWhole } from './write-file.ts';

/** What is derived from `PreviewProps` describes an example, and would refuse what is fine: those props are left open. */
export async function readLiveTypes(mailer: Mailer): Promise<TypedTemplate[]> {
  const templates = await allOf((page) => mailer.templates.list(page));
  return templates.map(({ name, schema }) => ({ name, schema: inOrder(schema) }));
}

/** The database keeps the members of objects in an order of its own; sorted, both sides write the same file. */
export function inOrder(schema: Readonly<Record<string, unknown>> | null): Record<string, unknown> | null {
  if (schema === null) return null;
  return Object.fromEntries(
    Object.entries(schema)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, isRecord(value) ? inOrder(value) : value]),
  );
}

/** Whether a file says exactly this. */
export function isWritten(file: string, text: string): boolean {
  return existsSync(file) && readFileSync(file, 'utf8') === text;
}

export type TypesKeeper = {
  /** Has the declaration written anew, soon; asking again meanwhile is one more time at most. */
  refresh(): Promise<void>;
};

type KeeperOptions = {
  read: () => Promise<readonly TypedTemplate[]>;
  file: string;
  onWritten: () => void;
};

/** Keeps the declaration of what is read in a file, which is left alone where it says so already. */
export function createTypesKeeper({ read, file, onWritten }: KeeperOptions): TypesKeeper {
  let isWanted = false;
  let isBusy = false;
  const write = async (): Promise<void> => {
    const text = toTemplateTypes(await read());
    if (isWritten(file, text)) return;
    await writeWhole(file, text);
    onWritten();
  };
  return {
    async refresh() {
      isWanted = true;
      if (isBusy) return;
      isBusy = true;
      try {
        while (isWanted) {
          isWanted = false;
          await write();
        }
      } finally {
        isBusy = false;
      }
    },
  };
}
