import { parseConfig } from '../../src/config.ts';
import type { Database } from '../../src/lib/db/database.ts';
import { openProfile, type Profile } from '../../src/lib/profile.ts';
import { createLogger } from '../../src/lib/telemetry/logger.ts';
import { migrateDatabaseAt } from './migrate.ts';
import { createStorage, type ProfileName } from './system.ts';
import { waitFor } from './wait-for.ts';

/** A database and a queue with nobody at work on them. */
export type BareProfile = Profile & {
  /** The one client there is. */
  clientId: string;
  /** Gives everything back. */
  release(): Promise<void>;
};

export async function openBareProfile(name: ProfileName): Promise<BareProfile> {
  const storage = await createStorage(name);
  const config = parseConfig({ SERVICE_ROLE: 'DEV', ...storage.env });
  if (config.storage.kind === 'production') await migrateDatabaseAt(config.storage.databaseUrl);
  const profile = await openProfile(config.storage, createLogger({ level: 'silent' }));
  await waitFor('the queue to answer', () => answers(profile));
  return {
    ...profile,
    clientId: await insertClient(profile.database),
    async release() {
      await profile.close();
      await storage.release();
    },
  };
}

async function answers({ queue }: Profile): Promise<true | null> {
  try {
    await queue.queue.depth();
    return true;
  } catch {
    return null;
  }
}

async function insertClient(database: Database): Promise<string> {
  const id = Bun.randomUUIDv7();
  await database.query('insert into clients (id, name) values ($1::uuid, $2::text)', [id, `client ${id}`]);
  return id;
}
