import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { COMMAND_CASES, type CommandCase, createScene, type Scene } from './command-cases.ts';
import { firstLine, runMailctl, spawnMailctl } from './mailctl.ts';
import { CTRL_C, openTerminal, type TerminalSession } from './terminal.ts';

type Tree = { name: string; commands: Tree[] };

function leavesOf({ name, commands }: Tree, before = ''): string[] {
  const path = `${before} ${name}`.trim();
  return commands.length === 0 ? [path] : commands.flatMap((child) => leavesOf(child, path));
}

describe('every command, piped and in a terminal', () => {
  let system: TestSystem;
  let receiver: ReturnType<typeof Bun.serve>;
  const folders: string[] = [];
  const sessions: TerminalSession[] = [];

  beforeAll(async () => {
    const settings = { WEBHOOKS_ALLOW_HTTP: 'true', WEBHOOKS_ALLOW_PRIVATE: 'true' };
    system = await startSystem('embedded', settings);
    receiver = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
  }, 60_000);

  afterAll(async () => {
    await receiver.stop(true);
    await system.stop();
  });

  afterEach(async () => {
    for (const session of sessions.splice(0)) session.kill();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    const { body } = await system.call('POST', '/v1/queue/resume', { key: system.keys.admin });
    expect(body.paused).toBe(false);
  });

  const prepare = async (name: string, { args, key }: CommandCase) => {
    const folder = mkdtempSync(join(tmpdir(), 'mailctl-every-'));
    folders.push(folder);
    const scene: Scene = await createScene(system, {
      folder,
      receiverUrl: `http://127.0.0.1:${receiver.port}/`,
    });
    const apiKey = key === null ? {} : { MAIL_API_KEY: scene.keys[key ?? 'live'] };
    return {
      command: [...name.split(' '), ...(await args(scene))],
      options: {
        cwd: folder,
        env: {
          ...apiKey,
          ...(key === null ? {} : { MAIL_BASE_URL: system.url }),
          XDG_CONFIG_HOME: join(folder, 'config'),
          MAILER_DIR: join(folder, '.mailer'),
        },
      },
    };
  };

  const open = (...given: Parameters<typeof openTerminal>): TerminalSession => {
    const session = openTerminal(...given);
    sessions.push(session);
    return session;
  };

  test('has a case, and no case is of a command that is no more', async () => {
    const { stdout } = await runMailctl(['commands', '--json']);
    const tree: Tree = JSON.parse(stdout);
    const commands = tree.commands.flatMap((child) => leavesOf(child));
    expect(Object.keys(COMMAND_CASES).toSorted()).toEqual(commands.toSorted());
  });

  const answerOnce = async (name: string, given: CommandCase) => {
    const { command, options } = await prepare(name, given);
    if (given.asks !== undefined) {
      const refused = await runMailctl(command, options);
      expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
      expect(JSON.parse(refused.stderr).error.hint).toContain('--yes');
      command.push('--yes');
    }
    const { exitCode, stdout, stderr } = await runMailctl(command, options);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    if (given.isRaw) expect(stdout).toContain(String(given.answers));
    else expect(JSON.parse(stdout)).toMatchObject(Object(given.answers));
  };

  const answerByLine = async (name: string, given: CommandCase, exitCode: number) => {
    const { command, options } = await prepare(name, given);
    const child = spawnMailctl(command, options);
    const first = await firstLine(child.stdout);
    expect(JSON.parse(first ?? '')).toMatchObject(Object(given.answers));
    child.kill('SIGINT');
    expect(await child.exited).toBe(exitCode);
  };

  const show = async (name: string, given: CommandCase) => {
    const { asks, endsWith, shows } = given;
    const { command, options } = await prepare(name, given);
    const session = open(command, options);
    if (asks !== undefined) {
      await session.shows(asks);
      session.type('y');
    }
    await session.shows(shows);
    if (endsWith !== undefined) session.type(CTRL_C);
    expect(await session.ended()).toBe(endsWith ?? 0);
    expect(session.text()).not.toMatch(/^\{".*\}\s*$/m);
  };

  const interrupt = async (name: string, given: CommandCase, question: string) => {
    const { command, options } = await prepare(name, given);
    const session = open(command, options);
    await session.shows(question);
    session.type(CTRL_C);
    expect(await session.ended()).toBe(130);
    // What it would have acted on is still there to be acted on.
    expect(await runMailctl([...command, '--yes'], options)).toMatchObject({ exitCode: 0, stderr: '' });
  };

  for (const [name, given] of Object.entries(COMMAND_CASES)) {
    const { asks, endsWith } = given;
    if (endsWith === undefined) {
      test(`${name}, piped: one answer, and nothing else`, () => answerOnce(name, given), 60_000);
    } else {
      const title = `${name}, piped: an answer a line, until Ctrl-C`;
      test(title, () => answerByLine(name, given, endsWith), 60_000);
    }
    test(`${name}, in a terminal: for people`, () => show(name, given), 60_000);
    if (asks !== undefined) {
      const title = `${name}, in a terminal: Ctrl-C in its question ends with 130, and changes nothing`;
      test(title, () => interrupt(name, given, asks), 60_000);
    }
  }
});
