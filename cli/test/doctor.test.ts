import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { acquirePostgres, acquireRedis } from '../../server/test/support/once-per-run.ts';
import { isMissing } from '../../server/test/support/requires.ts';
import { migrateDatabaseAt } from '../../server/test/support/migrate.ts';
import { createStorage, startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { parseConfig } from '../../server/src/config.ts';
import { startService } from '../../server/src/index.ts';
import { createLogger } from '../../server/src/lib/telemetry/logger.ts';
import { checkDns } from '../src/commands/doctor/dns.ts';
import { checkMachine } from '../src/commands/doctor/machine.ts';
import { checkVersion } from '../src/commands/doctor/service.ts';
import { runMailctl } from './mailctl.ts';

type Check = { name: string; state: string; detail: string; fix: string | null };

async function diagnose(env: Record<string, string>) {
  const { exitCode, stdout } = await runMailctl(['doctor'], { env });
  const checks: Check[] = JSON.parse(stdout).checks;
  const byName = Object.fromEntries(checks.map((check) => [check.name, check]));
  return { exitCode, byName, stdout };
}

describe('mailctl doctor', () => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(() => system.stop());

  test('finds a service well', async () => {
    const { exitCode, byName } = await diagnose({
      MAIL_BASE_URL: system.url,
      MAIL_API_KEY: system.keys.live,
    });
    expect(exitCode).toBe(0);
    for (const name of ['runtime', 'url', 'accepting', 'processing', 'key', 'version'])
      expect(byName[name]?.state).toBe('ok');
  });

  test('says what is wrong with a key, and how to mend it', async () => {
    const { exitCode, byName } = await diagnose({ MAIL_BASE_URL: system.url, MAIL_API_KEY: 'mk_live_wrong' });
    expect(exitCode).toBe(1);
    expect(byName['key']).toMatchObject({ state: 'failed', fix: expect.stringContaining('login') });
    expect((await diagnose({ MAIL_BASE_URL: system.url })).byName['key']?.fix).toContain('MAIL_API_KEY');
  });

  test('says that nothing answers', async () => {
    const { exitCode, byName } = await diagnose({ MAIL_BASE_URL: 'http://127.0.0.1:1' });
    expect(exitCode).toBe(1);
    expect(byName['url']).toMatchObject({ state: 'failed', fix: expect.stringContaining('mailctl dev') });
    expect(byName['key']?.state).toBe('skipped');
  });

  test('sees that its clock is another', async () => {
    using wrong = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: () => new Response('{}', { headers: { date: new Date(0).toUTCString() } }),
    });
    const { byName } = await diagnose({ MAIL_BASE_URL: `http://127.0.0.1:${wrong.port}` });
    expect(byName['clock']?.state).toBe('warning');
  });

  test('each thing that is not well is told with what mends it', async () => {
    const down = (reason: string) => ({ isOk: false, reason });
    const breaker = { state: 'open', reason: 'timeouts', remainingMs: 1000 };
    const answers: Record<string, unknown> = {
      '/healthz': { status: 'ok' },
      '/readyz': { status: 'unready', accept: down('does not answer'), process: down('no worker is alive') },
      '/v1/whoami': { kind: 'admin', scopes: ['admin'], client: null, serviceVersion: '99.0.0' },
      '/v1/queue': { paused: true, waiting: 7, delayed: 0, active: 0 },
      '/v1/providers': { data: [{ name: 'smtp', workers: [{ breaker }] }], nextCursor: null },
    };
    using ailing = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: ({ url }) =>
        Response.json(answers[new URL(url).pathname], { headers: { date: new Date().toUTCString() } }),
    });
    const { exitCode, byName } = await diagnose({
      MAIL_BASE_URL: `http://127.0.0.1:${ailing.port}`,
      MAIL_API_KEY: 'mk_live_x',
    });
    expect(exitCode).toBe(1);
    expect(byName).toMatchObject({
      accepting: { state: 'failed', fix: expect.stringContaining('database') },
      processing: { state: 'failed', detail: 'no worker is alive', fix: expect.stringContaining('WORKER') },
      key: { state: 'ok' },
      version: { state: 'warning', fix: expect.stringContaining('@org/mailctl@99.0.0') },
      queue: { state: 'warning', detail: expect.stringContaining('waiting=7'), fix: 'mailctl queue resume' },
      'provider smtp': { state: 'failed', detail: expect.stringContaining('timeouts') },
    });
    for (const { state, fix } of Object.values(byName))
      expect(state === 'ok' || (fix ?? '') !== '').toBe(true);
  });

  test.each([
    ['1.2.0', '1.2.0', 'ok', null],
    ['1.10.0', '1.9.0', 'warning', 'Update the service to 1.10.0, or install @org/mailctl@1.9.0.'],
    ['1.9.0', '1.10.0', 'warning', 'Update mailctl: bun add -d --exact @org/mailctl@1.10.0'],
    ['1.2.0', undefined, 'warning', 'Update the service to 1.2.0.'],
  ])('mailctl %s with a service %s is %s', (own, service, state, fix) => {
    expect(checkVersion(own, service)).toMatchObject({ state, fix });
  });

  test('warns before the disk is full', async () => {
    const stateOf = async (freeBytes: number) =>
      (await checkMachine(async () => freeBytes)).find(({ name }) => name === 'disk')?.state;
    expect([await stateOf(1024 ** 2), await stateOf(1024 ** 4)]).toEqual(['warning', 'ok']);
  });

  test("looks for the credentials of Amazon's service", async () => {
    const amazon = {
      MAIL_BASE_URL: system.url,
      MAIL_API_KEY: system.keys.live,
      PROVIDERS: '[{"name":"ses","kind":"ses","region":"eu-central-1"}]',
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: '/nonexistent',
    };
    expect((await diagnose(amazon)).byName['provider ses']).toMatchObject({
      state: 'failed',
      fix: expect.stringContaining('AWS'),
    });
    const withKey = { ...amazon, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect((await diagnose(withKey)).byName['provider ses']?.state).toBe('ok');
  });

  test.skipIf(isMissing('initdb', 'postgres', 'redis-server'))(
    'sees that no worker is alive',
    async () => {
      const storage = await createStorage('production');
      const databaseUrl = storage.env['DATABASE_URL'] ?? '';
      await migrateDatabaseAt(databaseUrl);
      const settings = { ...storage.env, SERVICE_ROLE: 'API', PORT: '0', HOST: '127.0.0.1' };
      const logger = createLogger({ level: 'fatal', destination: { write() {} } });
      const api = await startService(parseConfig(settings), logger);
      try {
        const { byName } = await diagnose({ MAIL_BASE_URL: api.url ?? '', MAIL_API_KEY: 'mk_live_x' });
        expect(byName).toMatchObject({
          accepting: { state: 'ok' },
          processing: { state: 'failed', detail: expect.stringContaining('no worker is alive') },
        });
      } finally {
        await api.stop();
        await storage.release();
      }
    },
    60_000,
  );

  test("greets the relay of this machine's settings", async () => {
    const { host, port } = system.sink;
    const relay = { MAIL_BASE_URL: system.url, MAIL_API_KEY: system.keys.live, SMTP_HOST: host };
    expect((await diagnose({ ...relay, SMTP_PORT: String(port) })).byName['provider smtp']).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('220'),
    });
    expect((await diagnose({ ...relay, SMTP_PORT: '1' })).byName['provider smtp']?.state).toBe('failed');
    expect((await diagnose({ ...relay, SMTP_PORT: 'many' })).byName['settings']?.detail).toContain(
      'SMTP_PORT',
    );
  });

  test('a database and Redis that are not there are told without their passwords', async () => {
    const { exitCode, byName, stdout } = await diagnose({
      MAIL_BASE_URL: system.url,
      MAIL_API_KEY: system.keys.live,
      DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x',
      REDIS_URL: 'redis://:hunter3@127.0.0.1:1',
    });
    expect(exitCode).toBe(1);
    expect(byName['database']?.state).toBe('failed');
    expect(byName['redis']?.state).toBe('failed');
    expect(stdout).not.toMatch(/hunter[23]/);
  });

  test.skipIf(isMissing('initdb', 'postgres', 'redis-server'))(
    'sees missing migrations, a PostgreSQL that does not wait for its disk, and a Redis that forgets',
    async () => {
      const [postgres, redis] = await Promise.all([acquirePostgres(), acquireRedis()]);
      const database = await postgres.createDatabase();
      const env = {
        MAIL_BASE_URL: system.url,
        MAIL_API_KEY: system.keys.live,
        DATABASE_URL: database.url,
        REDIS_URL: await redis.createDatabase(),
      };
      try {
        const before = await diagnose(env);
        expect(before.byName['database']?.state).toBe('ok');
        expect(before.byName['schema']).toMatchObject({ state: 'failed', fix: 'mailctl migrate' });
        expect(before.byName['redis']?.state).toBe('ok');
        expect(['ok', 'warning']).toContain(before.byName['redis persistence']?.state ?? '');
        await runMailctl(['migrate'], { env });
        const { byName } = await diagnose(env);
        expect(byName['schema']?.state).toBe('ok');
        expect(byName['database durability']?.state).toBe('ok');
        await database.forgetCommits();
        expect((await diagnose(env)).byName['database durability']).toMatchObject({
          state: 'failed',
          detail: expect.stringContaining('synchronous_commit off'),
          fix: expect.stringContaining('synchronous_commit = on'),
        });
      } finally {
        await database.drop();
        await Promise.all([postgres.release(), redis.release()]);
      }
    },
    60_000,
  );
});

describe('DNS of a sending domain', () => {
  const statesOf = async (records: Record<string, string[]>, selectors: string[] = ['s1']) => {
    const checks = await checkDns('example.com', selectors, async (name) => records[name] ?? []);
    return Object.fromEntries(checks.map(({ name, state }) => [name, state]));
  };
  const GOOD = {
    'example.com': ['google-site-verification=x', 'v=spf1 include:_spf.example.net -all'],
    's1._domainkey.example.com': ['v=DKIM1; k=rsa; p=MIGf'],
    '_dmarc.example.com': ['v=DMARC1; p=reject'],
  };

  test('is well', async () => expect(await statesOf(GOOD)).toEqual({ spf: 'ok', dkim: 'ok', dmarc: 'ok' }));

  test('is missing', async () =>
    expect(await statesOf({})).toEqual({ spf: 'failed', dkim: 'failed', dmarc: 'failed' }));

  test('says who may send, twice or for everybody', async () => {
    expect((await statesOf({ ...GOOD, 'example.com': ['v=spf1 -all', 'v=spf1 ~all'] }))['spf']).toBe(
      'failed',
    );
    expect((await statesOf({ ...GOOD, 'example.com': ['v=spf1 +all'] }))['spf']).toBe('warning');
  });

  test('has a revoked key, or a policy that only watches', async () => {
    expect((await statesOf({ ...GOOD, 's1._domainkey.example.com': ['v=DKIM1; p='] }))['dkim']).toBe(
      'failed',
    );
    expect((await statesOf({ ...GOOD, '_dmarc.example.com': ['v=DMARC1; p=none'] }))['dmarc']).toBe(
      'warning',
    );
    const strict = { ...GOOD, '_dmarc.example.com': ['v=DMARC1; p=reject; sp=none'] };
    expect((await statesOf(strict))['dmarc']).toBe('ok');
    expect((await statesOf(GOOD, []))['dkim']).toBe('skipped');
  });

  test('is no domain, or cannot be asked', async () => {
    const [notOne] = await checkDns('exa mple', [], async () => []);
    expect(notOne?.state).toBe('failed');
    const refuse = async () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    };
    expect(await checkDns('example.com', [], refuse)).toMatchObject([{ name: 'dns', state: 'failed' }]);
  });
});
