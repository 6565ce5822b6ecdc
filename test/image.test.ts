import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildInFolder, type FolderImage } from '../scripts/image/build-in-folder.ts';
import { parseIgnored } from '../scripts/image/ignored-files.ts';
import { createApiKey } from '../server/src/lib/auth/api-key.ts';
import { collectOutput } from '../server/test/support/collect-output.ts';
import { findProgram, isMissing } from '../server/test/support/requires.ts';
import { type ServerProcess, startServerProcess } from '../server/test/support/server-process.ts';
import { type SmtpSink, startSmtpSink } from '../server/test/support/smtp-sink.ts';
import {
  createCaller,
  createClient,
  createStorage,
  type TestStorage,
  waitUntilEnded,
} from '../server/test/support/system.ts';
import { findFreePort } from '../server/test/support/free-port.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test('a .dockerignore lets through what its last matching line says', () => {
  const ignored = parseIgnored('# all\n*\n!src\n!package.json\n**/*.test.ts\n');
  expect(['package.json', 'src/a.ts', 'src/b/c.ts'].filter(ignored)).toEqual([]);
  expect(['.env', 'docs/a.md', 'src/a.test.ts', 'src/b/c.test.ts'].every(ignored)).toBe(true);
});

/** An ordinary user, as the image has one; where the tests are one themselves, that one. */
function asOrdinaryUser(command: readonly string[]): string[] {
  const setpriv = process.getuid?.() === 0 ? findProgram('setpriv') : null;
  if (!setpriv) return [...command];
  return [setpriv, '--reuid=65534', '--regid=65534', '--clear-groups', '--pdeathsig=KILL', '--', ...command];
}

/** Every step of the Dockerfile, without a container engine: what is left out is the base image, and owners of files. */
describe.skipIf(isMissing('initdb', 'postgres', 'redis-server'))('the image, step by step', () => {
  let folder: string;
  let image: FolderImage;
  let storage: TestStorage;
  let sink: SmtpSink;
  let settings: Record<string, string>;
  const admin = createApiKey('live').text;
  const running: ServerProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'image-'));
    chmodSync(folder, 0o755);
    [image, storage, sink] = await Promise.all([
      buildInFolder({ context: ROOT, folder, bun: process.execPath }),
      createStorage('production'),
      startSmtpSink(),
    ]);
    makeReadOnly(image);
    settings = {
      DATABASE_URL: storage.env['DATABASE_URL'] ?? '',
      REDIS_URL: storage.env['REDIS_URL'] ?? '',
      MAIL_FROM: 'Shop <shop@example.com>',
      SMTP_HOST: sink.host,
      SMTP_PORT: String(sink.port),
      ADMIN_API_KEY: admin,
      SHUTDOWN_DRAIN_MS: '0',
      PORT: String(findFreePort()),
      WORKER_PORT: String(findFreePort()),
    };
  }, 180_000);

  afterAll(async () => {
    await Promise.all(running.map((server) => server.kill9()));
    await sink?.stop();
    await storage?.release();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Nothing but the caches and /tmp may be written, as under `read_only: true`. */
  const makeReadOnly = ({ root, env }: FolderImage) => {
    const writable = ['TEMPLATES_SOURCE_DIR', 'TEMPLATES_DIST_DIR'].map((name) => env[name] ?? '');
    const home = join(root, 'tmp');
    mkdirSync(home);
    env['TMPDIR'] = home;
    const read = Bun.spawnSync(['chmod', '-R', 'a-w,a+rX', root]);
    expect(read.exitCode).toBe(0);
    for (const path of [...writable, home]) chmodSync(path, 0o777);
  };

  const envOf = (role?: string) => ({ ...image.env, ...settings, ...(role && { SERVICE_ROLE: role }) });
  const runIn = (command: readonly string[], role?: string) =>
    collectOutput(
      Bun.spawn(asOrdinaryUser(resolveProgram(command)), {
        cwd: image.workdir,
        env: envOf(role),
        stdout: 'pipe',
        stderr: 'pipe',
      }),
    );
  const resolveProgram = ([program = '', ...rest]: readonly string[]) => [
    join(image.root, 'usr/local/bin', program),
    ...rest,
  ];
  const startRole = async (role: string) => {
    const server = await startServerProcess({
      command: asOrdinaryUser(resolveProgram(image.command)),
      cwd: image.workdir,
      env: envOf(role),
      readyLine: '"msg":"started"',
    });
    running.push(server);
    return server;
  };

  test('holds what runs and no tests, no development dependencies and nothing else of the repository', () => {
    const has = (path: string) => existsSync(join(image.workdir, path));
    expect(['server/src/index.ts', 'cli/src/main.ts', 'templates', 'node_modules'].every(has)).toBe(true);
    expect(['server/test', 'docs', '.git', 'server/src/config.test.ts', 'node_modules/knip'].some(has)).toBe(
      false,
    );
    expect(image.user).toBe('bun');
  });

  test('is not healthy before it runs', async () => {
    expect((await runIn(image.healthCheck)).exitCode).not.toBe(0);
  }, 30_000);

  test('migrates with the command that compose.yml and the manifests give it', async () => {
    const compose: unknown = Bun.YAML.parse(await Bun.file(join(ROOT, 'compose.yml')).text());
    const command: unknown = Object(compose).services?.migrate?.command;
    expect(command).toBeArray();
    const migrated = await runIn(Array.isArray(command) ? command.map(String) : []);
    expect(migrated, migrated.stderr).toMatchObject({ exitCode: 0 });
  }, 60_000);

  test('runs as API and as worker, healthy in both roles, and sends a mail made from a template', async () => {
    await startRole('API');
    await startRole('WORKER');
    for (const role of ['API', 'WORKER']) {
      const health = await runIn(image.healthCheck, role);
      expect(health, health.stderr).toMatchObject({ exitCode: 0 });
    }
    const call = createCaller(`http://127.0.0.1:${settings['PORT']}`);
    const { live: key } = await createClient(call, admin);
    const entry = await Bun.file(join(ROOT, 'templates/welcome/index.tsx')).text();
    const pushed = await call('PUT', '/v1/templates/welcome', {
      key,
      body: { entry: 'index.tsx', files: { 'index.tsx': entry } },
    });
    expect(pushed.status).toBeLessThan(300);
    const props = { name: 'Ada', productName: 'Northwind', startUrl: 'https://example.com/' };
    const sent = await call('POST', '/v1/messages', {
      key,
      body: { to: 'a@example.net', template: 'welcome', props },
    });
    expect(sent.status).toBe(202);
    expect(await waitUntilEnded(call, String(sent.body['messageId']), key)).toMatchObject({ status: 'sent' });
    expect(sink.mails).toHaveLength(1);
  }, 120_000);

  test('ends with 0 when it is told to stop', async () => {
    for (const server of running) {
      await server.stop('SIGTERM');
      expect(server.exitCode()).toBe(0);
    }
  }, 60_000);
});
