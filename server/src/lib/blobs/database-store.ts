import { and, asc, eq, gt, inArray, lt } from 'drizzle-orm';
import { blobs } from '../../db/schema.ts';
import type { Db } from '../db/database.ts';
import type { BlobStore } from './blob-store.ts';

/** Keeps bytes in the database, where every API and worker reaches them without further servers. */
export function createDatabaseStore(db: Db): BlobStore {
  return {
    async put(key, bytes, tx) {
      await tx.insert(blobs).values({ key, bytes }).onConflictDoUpdate({ target: blobs.key, set: { bytes } });
    },
    async get(key) {
      const [row] = await db.select({ bytes: blobs.bytes }).from(blobs).where(eq(blobs.key, key));
      return row ? new Uint8Array(row.bytes) : null;
    },
    async delete(keys) {
      if (keys.length > 0) await db.delete(blobs).where(inArray(blobs.key, [...keys]));
    },
    async *list({ prefix, below, limit }) {
      for (let after = prefix; ;) {
        const rows = await db
          .select({ key: blobs.key })
          .from(blobs)
          .where(and(gt(blobs.key, after), lt(blobs.key, below)))
          .orderBy(asc(blobs.key))
          .limit(limit);
        // Whatever the database's own order of text is, it may put other keys in between.
        yield rows.map(({ key }) => key).filter((key) => key.startsWith(prefix) && key < below);
        after = rows.at(-1)?.key ?? '';
        if (rows.length < limit) return;
      }
    },
  };
}
