import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { runMailctl } from './mailctl.ts';

describe('logins', () => {
  let system: TestSystem;
  let folder: string;

  beforeAll(async () => {
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(() => system.stop());

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-login-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    runMailctl(args, { cwd: folder, env: { XDG_CONFIG_HOME: folder, MAILCTL_KEYCHAIN: 'off' } });
  const login = (profile: string, key = system.keys.live) =>
    run('login', '--profile', profile, '--url', system.url, '--api-key', key);
  const listed = async () => JSON.parse((await run('profile', 'list')).stdout).data;
  const kept = (name: string) => join(folder, 'mailctl', name);

  test('are kept in files for their owner alone, the key apart from the rest', async () => {
    expect(await login('production')).toMatchObject({ exitCode: 0, stderr: '' });
    for (const name of ['config.json', 'credentials.json'])
      expect(statSync(kept(name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(kept('config.json'), 'utf8')).not.toContain(system.keys.live);
    expect(readdirSync(join(folder, 'mailctl')).toSorted()).toEqual(['config.json', 'credentials.json']);
  });

  test('the last one is the current one, until another is chosen', async () => {
    await login('staging', system.keys.test);
    await login('production');
    expect(await listed()).toMatchObject([
      { name: 'staging', isCurrent: false },
      { name: 'production', isCurrent: true },
    ]);
    expect(await run('profile', 'use', 'staging')).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await run('whoami')).stdout).key).toStartWith('mk_test_');
    expect((await run('profile', 'use', 'nowhere')).exitCode).toBe(4);
    expect((await run('profile', 'use')).exitCode).toBe(2);
  });

  test('a wrong key is refused and not kept', async () => {
    expect((await login('default', 'mk_live_abcdefgh_nonsense')).exitCode).toBe(3);
    expect((await login('default', 'two words')).exitCode).toBe(5);
    expect(await listed()).toEqual([]);
  });

  test('logout forgets the key too', async () => {
    await login('one');
    await login('two');
    expect(await run('logout')).toMatchObject({ exitCode: 0, stdout: '{"loggedOut":["two"]}\n' });
    expect(Object.keys(JSON.parse(readFileSync(kept('credentials.json'), 'utf8')))).toEqual(['one']);
    expect((await run('logout')).exitCode).toBe(4);
    expect((await run('logout', '--all')).exitCode).toBe(2);
    expect((await run('logout', '--all', '--yes')).exitCode).toBe(0);
    expect(readFileSync(kept('credentials.json'), 'utf8')).not.toContain(system.keys.live);
    expect(await listed()).toEqual([]);
  });

  // Elsewhere the keychain of whoever runs the tests would answer.
  test.skipIf(process.platform !== 'linux')(
    'a keychain that does not answer is told, and keeps nobody logged in',
    async () => {
      await login('one');
      const config = readFileSync(kept('config.json'), 'utf8');
      writeFileSync(kept('config.json'), config.replace('"keyIn": "file"', '"keyIn": "keychain"'));
      const refused = await run('whoami');
      expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
      expect(JSON.parse(refused.stderr).error).toMatchObject({
        code: 'not_authenticated',
        message: expect.stringContaining('keychain, which does not answer'),
        hint: expect.stringContaining('MAILCTL_KEYCHAIN=off mailctl login --profile one'),
      });
      const left = await run('logout');
      expect(left).toMatchObject({ exitCode: 0, stderr: '' });
      expect(JSON.parse(left.stdout)).toMatchObject({ loggedOut: ['one'], keysLeft: ['one'] });
      expect(await listed()).toEqual([]);
    },
  );

  test('a damaged file is told, and not written over', async () => {
    await login('one');
    writeFileSync(kept('config.json'), '{"profiles":');
    const { exitCode, stderr } = await run('whoami');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stderr).error.message).toContain('config.json');
    expect(readFileSync(kept('config.json'), 'utf8')).toBe('{"profiles":');
  });

  test('whoami says where a key comes from that is refused, and not the key', async () => {
    const env = { MAIL_BASE_URL: system.url, MAIL_API_KEY: 'mk_live_abcdefgh_thesecretofit' };
    const { exitCode, stderr } = await runMailctl(['whoami'], { cwd: folder, env });
    expect(exitCode).toBe(3);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'not_authenticated',
      message: expect.stringContaining('(from environment)'),
    });
    expect(stderr).not.toContain('thesecretofit');
  });

  test('without a login whoami says how to get one', async () => {
    const { exitCode, stderr } = await run('whoami');
    expect(exitCode).toBe(3);
    expect(JSON.parse(stderr).error.hint).toContain('mailctl login');
  });
});
