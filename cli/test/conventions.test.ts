import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../src/exit-code.ts';
import { collectOutput } from '../../server/test/support/collect-output.ts';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { cleanEnvironment, MAIN, runMailctl } from './mailctl.ts';

type Tree = { name: string; arguments: unknown[]; options: { flags: string }[]; commands: Tree[] };

function leavesOf(tree: Tree, path: string[] = []): string[][] {
  if (tree.commands.length === 0) return [path];
  return tree.commands.flatMap((child) => leavesOf(child, [...path, child.name]));
}

const LAUNCHER = fileURLToPath(new URL('../bin/mailctl', import.meta.url));
const INSTALLED = fileURLToPath(new URL('../../node_modules/.bin/mailctl', import.meta.url));

describe('every command', () => {
  let commands: string[][];

  beforeAll(async () => {
    const { stdout } = await runMailctl(['commands', '--json']);
    commands = leavesOf(JSON.parse(stdout));
  });

  test('is in the tree, with what it takes', async () => {
    const tree: Tree = JSON.parse((await runMailctl(['commands'])).stdout);
    const send = tree.commands.find(({ name }) => name === 'send');
    expect(send?.options.map(({ flags }) => flags)).toContain('--props <json>');
    expect(commands.length).toBeGreaterThan(45);
    expect(commands.flat()).not.toContain('__complete');
  });

  test('has --help with examples and --json', async () => {
    for (let index = 0; index < commands.length; index += 4) {
      const some = commands.slice(index, index + 4);
      const helps = await Promise.all(some.map((path) => runMailctl([...path, '--help'])));
      for (const [at, { exitCode, stdout }] of helps.entries()) {
        const path = some[at] ?? [];
        expect({
          path,
          exitCode,
          hasExamples: stdout.includes(`Examples:\n  $ mailctl ${path.join(' ')}`),
        }).toEqual({
          path,
          exitCode: EXIT.done,
          hasExamples: true,
        });
        expect(stdout).toContain('--json');
      }
    }
  }, 120_000);

  test('is told as JSON where it is unknown, with what was probably meant', async () => {
    for (const [args, meant] of [
      [['snd'], 'send'],
      [['template', 'psuh'], 'push'],
      [['template', 'list', '--jsno'], '--json'],
    ] as const) {
      const { exitCode, stdout, stderr } = await runMailctl(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: EXIT.usage, stdout: '' });
      const { error } = JSON.parse(stderr);
      expect(error.code).toBe('usage');
      expect(error.message).toContain(meant);
    }
  });

  test.each(['--help', 'commands --json'])('ends without a word where nobody reads on: %s', async (words) => {
    const child = Bun.spawn(['sh', '-c', `"$BUN" "$MAIN" ${words} | head -c 1`], {
      env: { ...cleanEnvironment(), BUN: process.execPath, MAIN },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const { stdout, stderr } = await collectOutput(child);
    expect(stdout).toHaveLength(1);
    expect(stderr).toBe('');
  });

  test('that is a group alone is an error of one line', async () => {
    const { exitCode, stdout, stderr } = await runMailctl(['template']);
    expect({ exitCode, stdout, lines: stderr.trim().split('\n').length }).toEqual({
      exitCode: EXIT.usage,
      stdout: '',
      lines: 1,
    });
  });
});

describe('which service, and as whom', () => {
  let system: TestSystem;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-which-'));
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (args: string[], env: Record<string, string> = {}, stdin?: string) =>
    runMailctl(args, {
      cwd: folder,
      env: { XDG_CONFIG_HOME: join(folder, 'config'), MAILCTL_KEYCHAIN: 'off', ...env },
      ...(stdin === undefined ? {} : { stdin }),
    });
  const whoami = async (args: string[] = [], env: Record<string, string> = {}) =>
    JSON.parse((await run(['whoami', ...args], env)).stdout);

  test('flag before environment before login', async () => {
    const login = await run(['login', '--url', system.url, '--api-key', '-'], {}, `${system.keys.live}\n`);
    expect(login).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await whoami()).toMatchObject({
      url: system.url,
      urlFrom: 'profile default',
      keyFrom: 'profile default',
    });
    const environment = { MAIL_BASE_URL: system.url, MAIL_API_KEY: system.keys.test };
    expect(await whoami([], environment)).toMatchObject({
      urlFrom: 'environment',
      keyFrom: 'environment',
      key: expect.stringMatching(/^mk_test_/),
    });
    expect(await whoami(['--api-key', system.keys.live], environment)).toMatchObject({
      keyFrom: 'flag',
      key: expect.stringMatching(/^mk_live_/),
    });
    expect(await whoami(['--profile', 'default'], environment)).toMatchObject({ keyFrom: 'profile default' });
  });

  test('the service that runs in this folder comes before the last login, one that ran here does not', async () => {
    const dev = join(folder, 'dev');
    mkdirSync(dev);
    const keep = (pid: number) => {
      writeFileSync(join(dev, 'instance.json'), JSON.stringify({ url: system.url, pid }));
      writeFileSync(
        join(dev, 'credentials.json'),
        JSON.stringify({ apiKey: system.keys.test, adminApiKey: system.keys.admin }),
      );
    };
    keep(process.pid);
    expect(await whoami([], { MAILER_DIR: dev })).toMatchObject({
      urlFrom: 'mailctl dev',
      keyFrom: 'mailctl dev',
    });
    const ended = Bun.spawn(['true']);
    await ended.exited;
    keep(ended.pid);
    expect(await whoami([], { MAILER_DIR: dev })).toMatchObject({ urlFrom: 'profile default' });
  });

  test('a kept key goes only to the URL it was kept for', async () => {
    const seen: (string | null)[] = [];
    using other = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch(request) {
        seen.push(request.headers.get('x-api-key'));
        return new Response('{}');
      },
    });
    const { exitCode, stderr } = await run(['template', 'list', '--url', `http://127.0.0.1:${other.port}`]);
    expect(exitCode).toBe(EXIT.notAuthenticated);
    expect(JSON.parse(stderr).error.hint).toContain('MAIL_API_KEY');
    expect(seen).toEqual([]);
  });

  test('a key is never shown', async () => {
    const { stdout } = await run(['whoami']);
    expect(stdout).not.toContain(system.keys.live.split('_').at(-1) ?? 'nothing');
  });

  test('a wrong name of a template is told with the one that was probably meant', async () => {
    await system.pushTemplate('password-reset', "export const subject = 'x'; export default () => <p>x</p>;");
    const { exitCode, stderr } = await run(['send', 'pasword-reset', '--to', 'a@example.net']);
    expect(exitCode).toBe(EXIT.notFound);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'template_not_found',
      hint: 'Did you mean "password-reset"?',
    });
  });
});

describe('the installed program', () => {
  const launch = (path: string, PATH: string) =>
    collectOutput(
      Bun.spawn([path, '--version'], { env: { PATH }, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' }),
    );

  test('is in node_modules/.bin, and runs on the Bun in PATH', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mailctl-bun-'));
    const bun = join(folder, 'bun');
    writeFileSync(bun, `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
    expect(await launch(INSTALLED, `${folder}:/usr/bin:/bin`)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    rmSync(folder, { recursive: true });
  });

  test('says in one line how to get Bun where there is none', async () => {
    // A copy of its own: beside the repository's it would find the Bun that ./dev remembers.
    const folder = mkdtempSync(join(tmpdir(), 'mailctl-node-'));
    const copy = join(folder, 'mailctl');
    writeFileSync(copy, await Bun.file(LAUNCHER).text(), { mode: 0o755 });
    const { exitCode, stdout, stderr } = await launch(copy, '/usr/bin:/bin');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'bun_missing',
      message: expect.stringContaining('npm install -g bun'),
    });
    rmSync(folder, { recursive: true });
  });
});
