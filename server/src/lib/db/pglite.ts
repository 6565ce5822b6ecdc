import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { dataDir as prepopulatedDataDir } from '@electric-sql/pglite-prepopulatedfs';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { runMigrations as runQueueMigrations } from 'bullmq';
import * as schema from '../../db/schema.ts';
import type { Database } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { MIGRATIONS_FOLDER } from './migrations-folder.ts';
import { PglitePool } from './pglite-pool.ts';

/** An embedded database, and the view of it that the queue works on. */
export type EmbeddedDatabase = Database & { readonly pool: PglitePool };

/** PGlite runs no autovacuum, and the queue's rows live for milliseconds. */
const MAINTENANCE_INTERVAL_MS = 5 * 60_000;

/**
 * Opens PGlite in a folder of its own, creating it at need. It survives the death of its process but never calls fsync:
 * for development, tests and trials, not against power loss.
 *
 * @throws FolderInUseError where another process has it open
 */
export async function openPglite(folder: string): Promise<EmbeddedDatabase> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unlock = lockFolder(folder);
  try {
    return await openLocked(join(folder, 'pgdata'), unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openLocked(dataDir: string, unlock: () => void): Promise<EmbeddedDatabase> {
  const pglite = await startPglite(dataDir);
  const pool = new PglitePool(pglite);
  const db = drizzle(pglite, { schema });
  const maintenance = setInterval(() => void maintain(pglite), MAINTENANCE_INTERVAL_MS);
  maintenance.unref();
  let closing: Promise<void> | null = null;
  return {
    db,
    pool,
    transaction: (work) => db.transaction(work),
    query: async <Row extends object>(text: string, params: readonly (string | number | null)[]) =>
      (await pglite.query<Row>(text, [...params])).rows,
    async ping() {
      await db.execute(sql`select 1`);
    },
    async migrate() {
      await migrate(db, { migrationsFolder: MIGRATIONS_FOLDER });
      await migrateQueue(pool);
    },
    close() {
      closing ??= (async () => {
        clearInterval(maintenance);
        await pool.end();
        await pglite.close();
        unlock();
      })();
      return closing;
    },
  };
}

/**
 * A new cluster is filled from the initialised one that ships as an archive: initdb takes three times as long. A
 * marker tells a complete cluster from a first start that was cut short, which is begun again.
 */
async function startPglite(dataDir: string): Promise<PGlite> {
  const marker = `${dataDir}.complete`;
  const isNew = !existsSync(marker);
  if (isNew) rmSync(dataDir, { recursive: true, force: true });
  const pglite = new PGlite({
    dataDir,
    // The defaults reserve 128 MB that a development database never fills.
    startParams: [
      ...PGlite.defaultStartParams,
      '-c',
      'shared_buffers=16MB',
      '-c',
      'search_path=public,bullmq',
    ],
    ...(isNew ? { loadDataDir: await prepopulatedDataDir() } : {}),
  });
  await pglite.waitReady;
  if (isNew) writeFileSync(marker, '');
  return pglite;
}

async function migrateQueue(pool: PglitePool): Promise<void> {
  const client = await pool.connect();
  try {
    await runQueueMigrations(client);
  } finally {
    client.release();
  }
}

async function maintain(pglite: PGlite): Promise<void> {
  try {
    // One at a time: statements sent together are one transaction, where VACUUM may not run.
    await pglite.exec('vacuum');
    await pglite.exec('checkpoint');
  } catch {
    // Housekeeping only: a database that is busy or closing has its turn later.
  }
}
