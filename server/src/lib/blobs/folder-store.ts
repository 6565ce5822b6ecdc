import type { Dir } from 'node:fs';
import { mkdir, open, opendir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobStore } from './blob-store.ts';

/** What keys are made of here: no part can lead out of the folder. */
const KEY = /^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*$/;

/** Keeps bytes as files: written beside, synced and renamed, so that a reader finds a whole file or none. */
export function createFolderStore(folder: string): BlobStore {
  return {
    async put(key, bytes) {
      const path = pathOf(folder, key);
      // Named like a blob, so that what a crash leaves half-written is listed, and swept, like one.
      const temporary = pathOf(folder, `part/${Bun.randomUUIDv7()}`);
      for (const file of [path, temporary]) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeSynced(temporary, bytes);
      await rename(temporary, path);
      // The name is durable once its folder is.
      await syncFolder(dirname(path));
    },
    async get(key) {
      try {
        return new Uint8Array(await readFile(pathOf(folder, key)));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async delete(keys) {
      for (const key of keys) await deleteFile(folder, key);
    },
    async *list({ prefix, below, limit }) {
      let page: string[] = [];
      for await (const key of keysIn(folder, prefix)) {
        if (key >= below || !KEY.test(key)) continue;
        page.push(key);
        if (page.length < limit) continue;
        yield page;
        page = [];
      }
      yield page;
    },
  };
}

/** Reads folders as they are listed, never one as a whole: there may be millions of names in it. */
async function* keysIn(folder: string, prefix: string): AsyncGenerator<string> {
  const entries = await openFolder(join(folder, prefix));
  if (entries === null) return;
  for await (const entry of entries) {
    const key = `${prefix}${entry.name}`;
    if (entry.isDirectory()) yield* keysIn(folder, `${key}/`);
    else yield key;
  }
}

async function openFolder(path: string): Promise<Dir | null> {
  try {
    return await opendir(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function deleteFile(folder: string, key: string): Promise<void> {
  const path = pathOf(folder, key);
  await rm(path, { force: true });
  // A message's own folder goes with its last file; one that all messages share stays.
  if (key.split('/').length > 2) await removeEmpty(dirname(path));
}

async function removeEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!isMissing(error) && !hasCode(error, 'ENOTEMPTY')) throw error;
  }
}

/** @throws TypeError for a key that is not one of ours */
function pathOf(folder: string, key: string): string {
  if (!KEY.test(key)) throw new TypeError('a blob key is not one');
  return join(folder, key);
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
