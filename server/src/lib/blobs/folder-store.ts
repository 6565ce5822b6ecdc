import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobStore } from './blob-store.ts';

/** What keys are made of here: no part can lead out of the folder. */
const KEY = /^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*$/;

/** Keeps bytes as files: written beside, synced and renamed, so that a reader finds a whole file or none. */
export function createFolderStore(folder: string): BlobStore {
  return {
    async put(key, bytes) {
      const path = pathOf(folder, key);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const temporary = `${path}.${Bun.randomUUIDv7()}.part`;
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
      for (const key of keys) await rm(pathOf(folder, key), { force: true });
    },
  };
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
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
