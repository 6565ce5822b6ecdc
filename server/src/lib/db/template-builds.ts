import { createHash } from 'node:crypto';
import { and, eq, lt, ne, sql } from 'drizzle-orm';
import { templateBuilds } from '../../db/schema.ts';
import type { BuildStore } from '../engine/build-store.ts';
import type { Db } from './database.ts';

/** How long builds of another engine are kept, for instances that are not updated yet or are taken back. */
const KEEP_DAYS = 30;

/** Creates the store of compiled code in the database, where every instance finds what another has built. */
export function createBuildTable(db: Db): BuildStore {
  return {
    async read({ contentHash, engineVersion }) {
      const [row] = await db
        .select({ code: templateBuilds.code, codeHash: templateBuilds.codeHash })
        .from(templateBuilds)
        .where(
          and(eq(templateBuilds.contentHash, contentHash), eq(templateBuilds.engineVersion, engineVersion)),
        );
      if (!row) return null;
      return row.codeHash === sha256(row.code) ? row.code : null;
    },
    async write({ contentHash, engineVersion }, code) {
      const codeHash = sha256(code);
      await db
        .insert(templateBuilds)
        .values({ contentHash, engineVersion, code, codeHash })
        // the same content on the same engine: what is there is the same, or was damaged
        .onConflictDoUpdate({
          target: [templateBuilds.contentHash, templateBuilds.engineVersion],
          set: { code, codeHash },
        });
      await db
        .delete(templateBuilds)
        .where(
          and(
            ne(templateBuilds.engineVersion, engineVersion),
            lt(templateBuilds.createdAt, sql`now() - make_interval(days => ${KEEP_DAYS})`),
          ),
        );
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
