import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { waitFor } from '../../server/test/support/wait-for.ts';
import { ENTER, openTerminal } from './terminal.ts';
import { runMailctl } from './mailctl.ts';

const NOBODY = '01990000-0000-7000-8000-000000000000';

describe('mailctl for operators', () => {
  let system: TestSystem;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-operator-'));
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = (key = system.keys.admin) => ({
    MAIL_API_KEY: key,
    MAIL_BASE_URL: system.url,
    XDG_CONFIG_HOME: folder,
  });
  const run = async (args: string[], key?: string) => {
    const finished = await runMailctl(args, { cwd: folder, env: environment(key) });
    return {
      ...finished,
      answer: finished.stdout.startsWith('{') ? JSON.parse(finished.stdout) : null,
      error: finished.stderr.startsWith('{') ? JSON.parse(finished.stderr).error : null,
    };
  };
  const statusOf = async (key: string) => (await system.call('GET', '/v1/whoami', { key })).status;
  const newKey = async (client: string, name: string) =>
    (await run(['key', 'create', name, '--client', client])).answer;

  test('a client is created, listed, shown and changed, by name or id', async () => {
    const created = await run([
      'client',
      'create',
      'shop',
      '--from-domain',
      'a.example',
      '--rate-limit',
      '600',
    ]);
    expect(created).toMatchObject({ exitCode: 0, stderr: '' });
    expect(created.answer).toMatchObject({ name: 'shop', fromDomains: ['a.example'], rateLimit: 600 });
    const { id } = created.answer;
    expect((await run(['client', 'create', 'shop'])).error).toMatchObject({ code: 'name_taken' });
    const newest = await run(['client', 'list', '--limit', '1']);
    expect(newest.answer.data).toMatchObject([{ id, name: 'shop' }]);
    expect((await run(['client', 'get', 'shop'])).answer).toEqual(created.answer);
    expect((await run(['client', 'get', id])).answer).toEqual(created.answer);
    const changed = await run(['client', 'update', 'shop', '--rate-limit', 'none', '--quota-limit', '5']);
    expect(changed.answer).toMatchObject({ id, fromDomains: ['a.example'], rateLimit: null, quotaLimit: 5 });
    const renamed = await run(['client', 'update', id, '--name', 'store', '--from-domain', 'any']);
    expect(renamed.answer).toMatchObject({ id, name: 'store', fromDomains: null, quotaLimit: 5 });
    expect(await run(['client', 'get', 'shop'])).toMatchObject({ exitCode: 4, error: { code: 'not_found' } });
    expect((await run(['client', 'get', NOBODY])).exitCode).toBe(4);
    expect((await run(['client', 'update', id])).exitCode).toBe(2);
  }, 60_000);

  test('a client is suspended and taken back, and goes for good only where that is confirmed', async () => {
    await run(['client', 'create', 'short']);
    const { key } = await newKey('short', 'app');
    expect(await statusOf(key)).toBe(200);
    expect(await run(['client', 'suspend', 'short'])).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await statusOf(key)).toBe(200);
    expect((await run(['client', 'suspend', 'short', '--yes'])).answer.status).toBe('suspended');
    expect(await statusOf(key)).toBe(403);
    expect((await run(['client', 'update', 'short', '--resume'])).answer.status).toBe('active');
    expect(await statusOf(key)).toBe(200);
    expect(await run(['client', 'delete', 'short'])).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await statusOf(key)).toBe(200);
    const deleted = await run(['client', 'delete', 'short', '--yes']);
    expect(deleted).toMatchObject({
      exitCode: 0,
      answer: { name: 'short', removed: { messages: 0, keys: 1 } },
    });
    expect(await statusOf(key)).toBe(401);
    expect((await run(['client', 'delete', 'short', '--yes'])).exitCode).toBe(4);
  }, 60_000);

  test('a person is asked before a client is deleted', async () => {
    await run(['client', 'create', 'asked']);
    const ask = () => openTerminal(['client', 'delete', 'asked'], { cwd: folder, env: environment() });
    const unsure = ask();
    await unsure.shows('Delete asked');
    unsure.type(ENTER);
    expect(await unsure.ended()).toBe(1);
    expect((await run(['client', 'get', 'asked'])).exitCode).toBe(0);
    const sure = ask();
    await sure.shows('Delete asked');
    sure.type('y');
    expect(await sure.ended()).toBe(0);
    expect((await run(['client', 'get', 'asked'])).exitCode).toBe(4);
  }, 60_000);

  test('a key is shown once, listed without its secret, rotated and revoked', async () => {
    await run(['client', 'create', 'keys']);
    const made = await run([
      'key',
      'create',
      'ci',
      '--client',
      'keys',
      '--mode',
      'test',
      '--scope',
      'read',
      '--expires',
      '30d',
    ]);
    expect(made).toMatchObject({ exitCode: 0, answer: { name: 'ci', mode: 'test', scopes: ['read'] } });
    const { id, key, expiresAt } = made.answer;
    expect(key).toMatch(/^mk_test_/);
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    const listed = await run(['key', 'list', '--client', 'keys']);
    expect(listed.answer.data).toMatchObject([{ id, name: 'ci', revokedAt: null }]);
    expect(listed.stdout).not.toContain(key.split('_').at(-1));

    expect((await run(['key', 'rotate', id, '--client', 'keys'])).exitCode).toBe(2);
    const rotated = await run(['key', 'rotate', id, '--client', 'keys', '--overlap', '2h', '--yes']);
    expect(rotated.answer).toMatchObject({ name: 'ci', mode: 'test', scopes: ['read'], replaces: { id } });
    expect([await statusOf(key), await statusOf(rotated.answer.key)]).toEqual([200, 200]);

    expect((await run(['key', 'revoke', id, '--client', 'keys'])).exitCode).toBe(2);
    expect(await statusOf(key)).toBe(200);
    expect((await run(['key', 'revoke', id, '--client', 'keys', '--yes'])).answer).toEqual({ revoked: id });
    expect([await statusOf(key), await statusOf(rotated.answer.key)]).toEqual([401, 200]);
    expect((await run(['key', 'revoke', NOBODY, '--client', 'keys', '--yes'])).exitCode).toBe(4);
    expect((await run(['key', 'rotate', id, '--client', 'keys', '--yes'])).exitCode).toBe(4);
  }, 60_000);

  test.each([
    ['--mode', 'lve'],
    ['--scope', 'sending'],
    ['--expires', 'soon'],
  ])('a key with %s %s is told before anybody is asked', async (option, value) => {
    const args = ['key', 'create', 'x', '--client', 'nobody', option, value];
    const { exitCode, error } = await run(args);
    expect({ exitCode, message: error.message }).toEqual({
      exitCode: 2,
      message: expect.stringContaining(option),
    });
  });

  test('a paused queue says so and sends nothing, until it is resumed', async () => {
    expect((await run(['queue', 'status'])).answer).toMatchObject({ paused: false, waiting: 0 });
    expect((await run(['queue', 'pause'])).exitCode).toBe(2);
    expect((await run(['queue', 'status'])).answer.paused).toBe(false);
    expect((await run(['queue', 'pause', '--yes'])).answer.paused).toBe(true);
    const id = await system.send({ to: 'ada@example.net', subject: 'x', text: 'x' });
    const doctor = await run(['doctor']);
    expect(doctor.answer.checks).toContainEqual(
      expect.objectContaining({ name: 'queue', state: 'warning', fix: 'mailctl queue resume' }),
    );
    const { body } = await system.call('GET', `/v1/messages/${id}`, { key: system.keys.live });
    expect(body.status).toBe('queued');
    expect((await run(['queue', 'resume'])).answer.paused).toBe(false);
    expect((await system.waitUntilEnded(id)).status).toBe('sent');
  }, 60_000);

  test('providers are listed as each worker finds them', async () => {
    await system.waitUntilEnded(await system.send({ to: 'ada@example.net', subject: 'x', text: 'x' }));
    const listed = await waitFor('the worker to report', async () => {
      const { answer } = await run(['provider', 'list']);
      return answer.data[0]?.workers[0]?.counts.sent > 0 ? answer.data : null;
    });
    expect(listed).toMatchObject([
      { name: 'smtp', workers: [{ kind: 'smtp', breaker: { state: 'closed' } }] },
    ]);
    const session = openTerminal(['provider', 'list'], { cwd: folder, env: environment(), columns: 120 });
    expect(await session.ended()).toBe(0);
    await session.shows('worker');
    expect(session.text()).toMatch(/name +kind +breaker +order +weight +counts +worker/);
    expect(session.text()).toMatch(/smtp +smtp +closed +\d+ +\d+ +sent=\d+/);
    expect((await run(['doctor'])).answer.checks).toContainEqual(
      expect.objectContaining({
        name: 'provider smtp',
        state: 'ok',
        detail: expect.stringContaining('closed'),
      }),
    );
  }, 60_000);

  test('a quota and a rate limit that are used up end with 6, and with how long to wait', async () => {
    const keyWith = async (name: string, limit: string): Promise<string> => {
      expect((await run(['client', 'create', name, limit, '1'])).exitCode).toBe(0);
      return (await newKey(name, 'live')).key;
    };
    const [sparing, slow] = [
      await keyWith('sparing', '--quota-limit'),
      await keyWith('slow', '--rate-limit'),
    ];
    const send = ['send', '--to', 'a@example.net', '--subject', 'Hi', '--text', 'Hello'];
    for (const [key, code, wait] of [
      [sparing, 'quota_exceeded', /\d{4}-\d{2}-01/],
      [slow, 'rate_limited', /again in \d+ s/],
    ] as const) {
      expect((await run(send, key)).exitCode, code).toBe(0);
      const { exitCode, stdout, error } = await run(send, key);
      expect({ exitCode, stdout, error }).toMatchObject({ exitCode: 6, stdout: '', error: { code } });
      expect(error.message).toMatch(wait);
    }
  }, 60_000);

  test('whoami tells whose key it is, and what it may do', async () => {
    const whose = async (key: string) => (await run(['whoami'], key)).answer;
    expect(await whose(system.keys.admin)).toMatchObject({ kind: 'admin', scopes: ['admin'], client: null });
    expect(await whose(system.keys.test)).toMatchObject({
      kind: 'client',
      mode: 'test',
      client: { id: system.clientId },
    });
  }, 60_000);

  test.each([
    [['client', 'list']],
    [['key', 'list', '--client', NOBODY]],
    [['provider', 'list']],
    [['queue', 'status']],
    [['queue', 'pause', '--yes']],
  ])("%j is for an admin's key alone", async (args) => {
    const { exitCode, error } = await run(args, system.keys.live);
    expect({ exitCode, code: error.code }).toEqual({ exitCode: 3, code: 'scope_missing' });
  });
});
