import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { acquirePostgres, type PostgresForFile } from '../../server/test/support/once-per-run.ts';
import type { TestDatabase } from '../../server/test/support/postgres.ts';
import { isMissing } from '../../server/test/support/requires.ts';
import { runMailctl } from './mailctl.ts';

describe.skipIf(isMissing('initdb', 'postgres'))('mailctl migrate and admin bootstrap on PostgreSQL', () => {
  let postgres: PostgresForFile;
  let database: TestDatabase;

  beforeAll(async () => {
    postgres = await acquirePostgres();
    database = await postgres.createDatabase();
  });

  afterAll(async () => {
    await database.drop();
    await postgres.release();
  });

  const run = (...args: string[]) => runMailctl(args, { env: { DATABASE_URL: database.url } });

  test('several that migrate at once take turns, and repeating changes nothing', async () => {
    const results = await Promise.all([run('migrate'), run('migrate'), run('migrate')]);
    for (const { exitCode, stdout } of results) {
      expect({ exitCode, stdout: JSON.parse(stdout) }).toEqual({
        exitCode: 0,
        stdout: { status: 'migrated', profile: 'production' },
      });
    }
  });

  test('a database without tables is told with what makes them', async () => {
    const empty = await postgres.createDatabase();
    const { exitCode, stdout, stderr } = await runMailctl(['admin', 'bootstrap'], {
      env: { DATABASE_URL: empty.url },
    });
    await empty.drop();
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'failed', hint: 'mailctl migrate' });
  });

  test('the first admin key is made once', async () => {
    await run('migrate');
    const first = await run('admin', 'bootstrap');
    expect(JSON.parse(first.stdout).key).toMatch(/^mk_live_/);
    const second = await run('admin', 'bootstrap');
    expect(second).toMatchObject({ exitCode: 1, stdout: '' });
    expect(second.stderr).not.toContain('mk_live_');
  });

  test('a database that is not there is one error, without its password', async () => {
    const { exitCode, stderr } = await runMailctl(['migrate'], {
      env: { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x' },
    });
    expect(exitCode).toBe(7);
    const { error } = JSON.parse(stderr);
    expect(error.message).toContain('DATABASE_URL');
    expect(stderr).not.toContain('hunter2');
  });
});
