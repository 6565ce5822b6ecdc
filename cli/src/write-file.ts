import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { onInterrupt } from './interruption.ts';

/**
 * Writes a file that is there whole or not at all: under another name first, which an interrupted command takes away.
 * Folders on the way are made.
 */
export async function writeWhole(path: string, content: string, mode?: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, ...(mode === undefined ? {} : { mode: 0o700 }) });
  const draft = `${path}.${process.pid}.tmp`;
  const forget = onInterrupt(() => rmSync(draft, { force: true }));
  try {
    // The mode counts for a new file only, and a draft is always new.
    await rm(draft, { force: true });
    await writeFile(draft, content, mode === undefined ? {} : { mode });
    await rename(draft, path);
  } finally {
    forget();
    await rm(draft, { force: true });
  }
}

/** The same, for what nobody else on this machine may read. */
export function writePrivately(path: string, content: string, mode: number): Promise<void> {
  return writeWhole(path, content, mode);
}
