import { Database as Sqlite } from 'bun:sqlite';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Another living process holds the folder. */
export class FolderInUseError extends Error {
  constructor(readonly folder: string) {
    super(`${folder} is in use by another process`);
    this.name = 'FolderInUseError';
  }
}

/**
 * Takes a folder for this process alone and returns how to give it back.
 *
 * PGlite has no lock of its own: two processes on one folder overwrite each other. An exclusive SQLite transaction is
 * a lock of the operating system, so it also ends when its process is killed; a pid file would outlive it.
 *
 * @throws FolderInUseError where another process holds it
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = new Sqlite(join(folder, 'lock.sqlite'), { create: true });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE;');
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')
      throw new FolderInUseError(folder);
    throw error;
  }
  return () => lock.close();
}
