import { expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { migrateDatabaseAt } from './support/migrate.ts';
import { startServiceProcess } from './support/service-process.ts';
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
