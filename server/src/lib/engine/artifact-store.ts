import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lease } from './locker.ts';

export type ArtifactRead =
  | { kind: 'found'; content: string }
  | { kind: 'missing' }
  /** Truncated or changed since it was written. */
  | { kind: 'corrupt' };

export type ArtifactStore = {
  read(name: string): Promise<ArtifactRead>;
  /** Writes atomically, and only while the lease is held; false when it was lost or the folder cannot be written. */
  write(name: string, content: string, lease: Lease): Promise<boolean>;
};

const HASH_LENGTH = 64;

/**
 * Creates the store of compiled code in a folder. A file is its content's SHA-256 in hex, a line break, and the
 * content, so that whatever a crash or a disk did to it is noticed when it is read.
 */
export function createArtifactStore({ dir }: { dir: string }): ArtifactStore {
  return {
    async read(name) {
      const file = await readOrNull(join(dir, name));
      if (file === null) return { kind: 'missing' };
      const content = file.slice(HASH_LENGTH + 1);
      return file.slice(0, HASH_LENGTH) === sha256(content)
        ? { kind: 'found', content }
        : { kind: 'corrupt' };
    },
    async write(name, content, lease) {
      if (lease.signal.aborted) return false;
      const temporary = join(dir, `.${name}.${randomUUID()}`);
      try {
        await mkdir(dir, { recursive: true });
        await writeFile(temporary, `${sha256(content)}\n${content}`, { flag: 'wx', mode: 0o600 });
        if (lease.signal.aborted) return false;
        await rename(temporary, join(dir, name));
        return true;
      } catch (error) {
        if (isUnwritable(error)) return false;
        throw error;
      } finally {
        await rm(temporary, { force: true }).catch(() => {});
      }
    },
  };
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, ['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'])) return null;
    throw error;
  }
}

/** A read-only or full disk costs a compilation after each start, not the mail. */
function isUnwritable(error: unknown): boolean {
  return hasCode(error, ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EEXIST', 'EISDIR']);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}
