import type { BlobStore } from './blob-store.ts';

/** A bucket of S3 or of what speaks its API. */
export type S3Settings = {
  bucket: string;
  /** Put before every key; empty for none. */
  prefix: string;
  /** Null for Amazon's own. */
  endpoint: string | null;
  region: string | null;
  accessKeyId: string | null;
  secretAccessKey: string | null;
};

/** Keeps bytes in a bucket, through Bun's own client. */
export function createS3Store({ prefix, ...settings }: S3Settings): BlobStore {
  const given = Object.entries(settings).filter(([, value]) => value !== null);
  const client = new Bun.S3Client(Object.fromEntries(given));
  const nameOf = (key: string) => `${prefix}${key}`;
  return {
    async put(key, bytes) {
      await client.write(nameOf(key), bytes);
    },
    async get(key) {
      try {
        return await client.file(nameOf(key)).bytes();
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    async delete(keys) {
      for (const key of keys) await deleteOne(nameOf(key));
    },
    async *list({ prefix: start, below, limit }) {
      let next: string | undefined;
      do {
        const page = await client.list({
          prefix: nameOf(start),
          maxKeys: limit,
          ...(next === undefined ? {} : { continuationToken: next }),
        });
        const keys = (page.contents ?? []).map(({ key }) => key.slice(prefix.length));
        const wanted = keys.filter((key) => key < below);
        yield wanted;
        // A bucket lists in the order of names: what follows is younger still.
        next = wanted.length < keys.length ? undefined : page.nextContinuationToken;
      } while (next !== undefined);
    },
  };

  async function deleteOne(name: string): Promise<void> {
    try {
      await client.delete(name);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'NoSuchKey';
}
