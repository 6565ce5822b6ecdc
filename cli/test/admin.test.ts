import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { KeyOwner } from '../../server/src/lib/db/api-keys.ts';
import type { Finished } from '../../server/test/support/collect-output.ts';
import { acquirePostgres, type PostgresForFile } from '../../server/test/support/once-per-run.ts';
import type { TestDatabase } from '../../server/test/support/postgres.ts';
import { isMissing } from '../../server/test/support/requires.ts';
import {
  createCaller,
  createStorage,
  describeOnBothProfiles,
  startSystem,
  type TestStorage,
  type TestSystem,
} from '../../server/test/support/system.ts';
import { waitFor } from '../../server/test/support/wait-for.ts';
import { runMailctl, startDevServer } from './mailctl.ts';

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

/** Of nobody: what is told of it changes nothing. */
const NOBODY = '01990000-0000-7000-8000-000000000000';

const namesOf = ({ stdout }: Finished): string[] => {
  const { data }: { data: { name: string }[] } = JSON.parse(stdout);
  return data.map(({ name }) => name);
};

const isWorking = ({ expiresAt, revokedAt }: { expiresAt: string | null; revokedAt: string | null }) =>
  revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > Date.now());

const statusOf = async (url: string, key: string) =>
  (await createCaller(url)('GET', '/v1/clients', { key })).status;

describeOnBothProfiles('mailctl admin key', (profile) => {
  let storage: TestStorage;

  beforeAll(async () => {
    storage = await createStorage(profile);
    await run('migrate');
  }, 120_000);

  afterAll(() => storage.release());

  const run = (...args: string[]) => runMailctl(args, { env: storage.env });
  const create = async (name: string, ...more: string[]) =>
    JSON.parse((await run('admin', 'key', 'create', '--name', name, ...more)).stdout);
  const revoke = (id: string) => run('admin', 'key', 'revoke', id, '--yes');

  test('a key is shown once, and then listed without its secret', async () => {
    const made = await create('ada', '--expires', '2999-01-01');
    const secret = String(made.key).split('_').at(-1);
    expect(made).toMatchObject({
      name: 'ada',
      clientId: null,
      scopes: ['admin'],
      mode: 'live',
      expiresAt: '2999-01-01T00:00:00.000Z',
      key: expect.stringMatching(/^mk_live_/),
    });
    const listed = await run('admin', 'key', 'list');
    expect(namesOf(listed)).toContain('ada');
    expect(listed.stdout).not.toContain(secret);
    expect(listed.stdout).not.toContain('ecretHash');
  });

  test('a name and a time that are none are refused before anything is made', async () => {
    const before = namesOf(await run('admin', 'key', 'list'));
    for (const args of [
      ['create'],
      ['create', '--name', ''],
      ['create', '--name', 'x'.repeat(101)],
      ['create', '--name', 'x', '--expires', 'soon'],
      ['rotate', NOBODY, '--overlap', '31d', '--yes'],
      ['revoke', NOBODY],
    ]) {
      const { exitCode, stdout, stderr } = await run('admin', 'key', ...args);
      expect({ args, exitCode, stdout }).toEqual({ args, exitCode: 2, stdout: '' });
      expect(JSON.parse(stderr).error.code).toBe('usage');
    }
    expect(namesOf(await run('admin', 'key', 'list'))).toEqual(before);
  });

  test('a rotated key ends after the overlap, and one that has ended is not rotated', async () => {
    const { id, key } = await create('old', '--expires', '2999-01-01');
    const rotated = JSON.parse((await run('admin', 'key', 'rotate', id, '--overlap', '0s', '--yes')).stdout);
    expect(rotated).toMatchObject({ name: 'old', expiresAt: null, replaces: { id, name: 'old' } });
    expect(Date.parse(rotated.replaces.expiresAt)).toBeLessThanOrEqual(Date.now());
    expect(rotated.key).not.toBe(key);
    const again = await run('admin', 'key', 'rotate', id, '--yes');
    expect(again).toMatchObject({ exitCode: 4, stdout: '' });
    expect(JSON.parse(again.stderr).error).toMatchObject({
      code: 'not_found',
      hint: 'mailctl admin key list',
    });
  });

  test.each([NOBODY, 'x'])('a key that is not there is neither rotated nor revoked: %s', async (id) => {
    for (const command of ['rotate', 'revoke']) {
      const { exitCode, stderr } = await run('admin', 'key', command, id, '--yes');
      expect({ command, exitCode }).toEqual({ command, exitCode: 4 });
      expect(JSON.parse(stderr).error.code).toBe('not_found');
    }
  });

  test('whoever revokes the last that works is told what makes another, and it does', async () => {
    await create('last');
    const { data } = JSON.parse((await run('admin', 'key', 'list')).stdout);
    let answer: Record<string, unknown> = {};
    for (const { id } of data.filter(isWorking)) answer = JSON.parse((await revoke(id)).stdout);
    expect(answer).toMatchObject({ goodKeys: 0, hint: expect.stringContaining('mailctl admin bootstrap') });
    const bootstrapped = await run('admin', 'bootstrap');
    expect(JSON.parse(bootstrapped.stdout).key).toMatch(/^mk_live_/);
    const { id } = await create('spare');
    const revoked = JSON.parse((await revoke(id)).stdout);
    expect(revoked).toEqual({ revoked: id, goodKeys: 1 });
    // Who lost it has another way than to bootstrap again.
    const refused = JSON.parse((await run('admin', 'bootstrap')).stderr);
    expect(refused.error.hint).toContain('mailctl admin key create');
  }, 120_000);
});

describe('mailctl admin key on the embedded database', () => {
  let storage: TestStorage;

  beforeEach(async () => {
    storage = await createStorage('embedded');
  });

  afterEach(() => storage.release());

  const run = (...args: string[]) => runMailctl(args, { env: storage.env });

  test('between two runs of the service: what was revoked is refused, what was rotated works on', async () => {
    await run('migrate');
    const make = async (name: string) =>
      JSON.parse((await run('admin', 'key', 'create', '--name', name)).stdout);
    const [revoked, rotated] = [await make('revoked'), await make('rotated')];
    await run('admin', 'key', 'revoke', revoked.id, '--yes');
    const next = JSON.parse((await run('admin', 'key', 'rotate', rotated.id, '--yes')).stdout);
    const server = await startDevServer([], { env: storage.env, cwd: storage.env.MAILER_DIR ?? '' });
    try {
      expect(await statusOf(server.url, revoked.key)).toBe(401);
      expect(await statusOf(server.url, rotated.key)).toBe(200);
      expect(await statusOf(server.url, next.key)).toBe(200);
      const inUse = await run('admin', 'key', 'list');
      expect(inUse).toMatchObject({ exitCode: 1, stdout: '' });
      expect(JSON.parse(inUse.stderr).error.message).toContain('stop it first');
    } finally {
      await server.end('SIGTERM');
    }
  }, 120_000);

  test('a start makes a new admin key of its own where the kept one has ended', async () => {
    const dev = async () => {
      const server = await startDevServer([], { env: storage.env, cwd: storage.env.MAILER_DIR ?? '' });
      const { adminApiKey } = await Bun.file(join(storage.env.MAILER_DIR ?? '', 'credentials.json')).json();
      const status = await statusOf(server.url, adminApiKey);
      await server.end('SIGTERM');
      return { status, adminApiKey };
    };
    const first = await dev();
    const { data } = JSON.parse((await run('admin', 'key', 'list')).stdout);
    await run('admin', 'key', 'rotate', data[0].id, '--overlap', '0s', '--yes');
    const second = await dev();
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.adminApiKey).not.toBe(first.adminApiKey);
  }, 120_000);
});

describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))(
  'mailctl admin key beside a running API',
  () => {
    let storage: TestStorage;
    let system: TestSystem;

    beforeAll(async () => {
      storage = await createStorage('production');
      system = await startSystem('production', storage.env);
    }, 60_000);

    afterAll(async () => {
      await system.stop();
      await storage.release();
    });

    const run = async (args: string[], env: Record<string, string> = {}) => {
      const { exitCode, stdout, stderr } = await runMailctl(['admin', 'key', ...args], {
        env: { ...storage.env, ...env },
      });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      return JSON.parse(stdout);
    };
    const waitUntilRefused = (key: string) =>
      waitFor('the key to be refused', async () => ((await statusOf(system.url, key)) === 401 ? true : null));

    test('both keys work while they overlap; the old one is refused once it is revoked', async () => {
      const old = await run(['create', '--name', 'app']);
      expect(await statusOf(system.url, old.key)).toBe(200);
      const next = await run(['rotate', old.id, '--overlap', '1h', '--yes']);
      expect([await statusOf(system.url, old.key), await statusOf(system.url, next.key)]).toEqual([200, 200]);
      await run(['revoke', old.id, '--yes']);
      await waitUntilRefused(old.key);
      expect(await statusOf(system.url, next.key)).toBe(200);
      await run(['rotate', next.id, '--overlap', '0s', '--yes']);
      await waitUntilRefused(next.key);
    }, 60_000);

    test('the instances are told through Redis', async () => {
      const told: KeyOwner[] = [];
      const { promise: ofAdminKeys, resolve } = Promise.withResolvers<void>();
      system.profile.keyNews.listen((owner) => {
        told.push(owner);
        if (owner === null) resolve();
      });
      await waitFor('the instance to listen', () => {
        system.profile.keyNews.publish(NOBODY);
        return told.includes(NOBODY) ? true : null;
      });
      const { id, key } = await run(['create', '--name', 'told']);
      expect(await statusOf(system.url, key)).toBe(200);
      await run(['revoke', id, '--yes']);
      await ofAdminKeys;
      expect(await statusOf(system.url, key)).toBe(401);
    }, 60_000);

    test.each(['', 'redis://127.0.0.1:1', 'nonsense'])(
      'does without Redis: "%s"',
      async (REDIS_URL) => {
        const { id, key } = await run(['create', '--name', 'alone'], { REDIS_URL });
        expect(await statusOf(system.url, key)).toBe(200);
        expect(await run(['revoke', id, '--yes'], { REDIS_URL })).toMatchObject({ revoked: id });
        await waitUntilRefused(key);
      },
      60_000,
    );

    test("a client's key is not found, and stays as it is", async () => {
      const path = `/v1/clients/${system.clientId}/keys`;
      const { body } = await system.call('GET', path, { key: system.keys.admin });
      const ids = Array.isArray(body.data) ? body.data.map(({ id }) => String(id)) : [];
      for (const id of ids) {
        for (const command of ['rotate', 'revoke']) {
          const args = ['admin', 'key', command, id, '--yes'];
          expect(await runMailctl(args, { env: storage.env })).toMatchObject({ exitCode: 4, stdout: '' });
        }
      }
      expect(ids).toHaveLength(2);
      expect((await system.call('GET', path, { key: system.keys.admin })).body).toEqual(body);
    }, 60_000);
  },
);
