import { expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { migrateDatabaseAt } from './support/migrate.ts';
import { startServiceProcess } from './support/service-process.ts';
import { acquirePostgres } from './support/once-per-run.ts';
import { isMissing } from './support/requires.ts';
import { createStorage, describeOnBothProfiles } from './support/system.ts';

describeOnBothProfiles('the start of a process', (profile) => {
  test('is quiet, and leaves the runtime of the sandbox to the next one', async () => {
    const storage = await createStorage(profile);
    const { DATABASE_URL: databaseUrl = '', MAILER_DIR = '' } = storage.env;
    const folder = join(MAILER_DIR, 'kept');
    if (profile === 'production') await migrateDatabaseAt(databaseUrl);
    const role = profile === 'production' ? 'API' : 'DEV';
    const env = {
      ...storage.env,
      SERVICE_ROLE: role,
      PORT: '0',
      HOST: '127.0.0.1',
      TEMPLATES_DIST_DIR: folder,
      SHUTDOWN_DRAIN_MS: '0',
    };
    const startAndStop = async () => {
      const service = await startServiceProcess(env);
      await service.stop('SIGTERM');
      return service.logTail();
    };
    expect(await startAndStop()).not.toContain('"level":"warn"');
    const kept = await readdir(folder);
    expect(kept).toEqual([expect.stringMatching(/^runtime-\w+\.cjs$/)]);
    const { mtimeMs } = await Bun.file(join(folder, kept[0] ?? '')).stat();
    expect(await startAndStop()).not.toContain('"level":"warn"');
    expect((await Bun.file(join(folder, kept[0] ?? '')).stat()).mtimeMs).toBe(mtimeMs);
    await storage.release();
  }, 60_000);
});

test.skipIf(isMissing('initdb', 'postgres', 'redis-server'))(
  'a PostgreSQL that answers before the disk has it is warned of',
  async () => {
    const storage = await createStorage('production');
    const postgres = await acquirePostgres();
    const database = await postgres.createDatabase();
    await migrateDatabaseAt(database.url);
    await database.forgetCommits();
    const service = await startServiceProcess({
      ...storage.env,
      DATABASE_URL: database.url,
      SERVICE_ROLE: 'API',
      PORT: '0',
      HOST: '127.0.0.1',
      SHUTDOWN_DRAIN_MS: '0',
    });
    await service.stop('SIGTERM');
    expect(service.logTail()).toMatch(/"level":"warn".*"settings":\["synchronous_commit"\]/);
    await database.drop();
    await Promise.all([postgres.release(), storage.release()]);
  },
  60_000,
);
