import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, isMissing, type Program } from '../../server/test/support/requires.ts';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { EXIT } from '../src/exit-code.ts';
import { type Shell, SHELLS, toCompletionScript } from '../src/completion-script.ts';
import { runMailctl } from './mailctl.ts';
import { openProgram, type TerminalSession } from './terminal.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const PLAIN = "export const subject = 'x'; export default () => <p>x</p>;";
const PROMPT = 'ready> ';
const TAB = '\t';
const CLEAR_LINE = '\u0015';

describe('completion', () => {
  let system: TestSystem;
  let folder: string;
  const sessions: TerminalSession[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-completion-'));
    system = await startSystem('embedded');
    await system.pushTemplate('password-reset', PLAIN);
    await system.pushTemplate('receipt', PLAIN);
    // What a shell finds as `mailctl`.
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'mailctl'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    chmodSync(join(folder, 'bin', 'mailctl'), 0o755);
    writeFileSync(join(folder, 'a-file.json'), '{}');
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  afterEach(() => {
    for (const session of sessions.splice(0)) session.kill();
  });

  const environment = (key = system.keys.live) => ({
    MAIL_API_KEY: key,
    MAIL_BASE_URL: system.url,
    XDG_CONFIG_HOME: join(folder, 'config'),
  });
  const completeAs = async (key: string, words: readonly string[]) => {
    const { stdout, stderr } = await runMailctl(['__complete', '--', ...words], { env: environment(key) });
    expect(stderr).toBe('');
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t')[0]);
  };
  const complete = (...words: string[]) => completeAs(system.keys.live, words);

  test('knows commands, options, values and names of live templates', async () => {
    expect(await complete('temp')).toEqual(['template']);
    expect(await complete('template', 'pu')).toEqual(['push', 'pull']);
    expect(await complete('send', '--pro')).toEqual(['--profile', '--props']);
    expect(await complete('message', 'list', '--status', 'sus')).toEqual([]);
    expect(await complete('message', 'list', '--status', 'su')).toEqual(['suppressed']);
    expect(await complete('message', 'list', '--status=su')).toEqual(['--status=suppressed']);
    // As bash cuts it.
    expect(await complete('message', 'list', '--status', '=', 'su')).toEqual(['suppressed']);
    expect(await complete('send', '--wait', 'b')).toEqual(['bounced']);
    expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await complete('init', '--template', 'w')).toEqual(['welcome']);
    expect(await complete('send', 'rec')).toEqual(['receipt']);
    expect(await complete('message', 'list', '--template', 'pass')).toEqual(['password-reset']);
    expect(await complete('template', 'delete', 'receipt', 'pass')).toEqual(['password-reset']);
    expect(await complete('template', 'rollback', 'receipt', '')).toEqual([]);
  });

  test("knows the names of logins, and an admin's of clients", async () => {
    const login = ['login', '--url', system.url, '--api-key', system.keys.live];
    expect((await runMailctl(login, { env: { XDG_CONFIG_HOME: join(folder, 'config') } })).exitCode).toBe(0);
    expect(await complete('profile', 'use', '')).toEqual(['default']);
    expect(await complete('send', '--profile', 'd')).toEqual(['default']);
    const clients = await completeAs(system.keys.admin, ['client', 'get', '']);
    expect(clients.length).toBeGreaterThan(0);
    expect(await completeAs(system.keys.admin, ['key', 'list', '--client', ''])).toEqual(clients);
  });

  test('asks nobody who is not there, waits for nobody, and says nothing of it', async () => {
    const none = { XDG_CONFIG_HOME: join(folder, 'none') };
    const words = ['__complete', '--', 'send', ''];
    expect(await runMailctl(words, { cwd: folder, env: none })).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    using silent = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      idleTimeout: 0,
      fetch: () => new Promise<Response>(() => {}),
    });
    const env = { ...none, MAIL_API_KEY: 'mk_live_x', MAIL_BASE_URL: `http://127.0.0.1:${silent.port}` };
    expect(await runMailctl(words, { cwd: folder, env })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test.each(SHELLS)('%s gets a script', async (shell) => {
    expect(await runMailctl(['completion', shell])).toEqual({
      exitCode: 0,
      stdout: toCompletionScript(shell),
      stderr: '',
    });
  });

  test('an unknown shell is a usage error', async () => {
    expect((await runMailctl(['completion', 'tcsh'])).exitCode).toBe(EXIT.usage);
  });

  /** A shell that nobody has configured, with the script in it, at its prompt. */
  const STARTS: Readonly<Record<Shell, { args: string[]; prepare: string }>> = {
    bash: { args: ['--norc', '--noprofile', '-i'], prepare: 'source <(mailctl completion bash)' },
    zsh: {
      args: ['-f', '-i'],
      prepare: 'autoload -U compinit; compinit -D; source <(mailctl completion zsh)',
    },
    fish: { args: ['--no-config', '-i'], prepare: 'mailctl completion fish | source' },
  };

  const openShell = async (shell: Shell): Promise<TerminalSession> => {
    const { args, prepare } = STARTS[shell];
    const program = shell === 'bash' ? Bun.which('bash') : findProgram(shell);
    const PATH = [join(folder, 'bin'), process.env.PATH].join(delimiter);
    const home = join(folder, `home-${shell}`);
    mkdirSync(home, { recursive: true });
    const session = openProgram([program ?? shell, ...args], {
      cwd: folder,
      env: { ...environment(), PATH, HOME: home, PS1: PROMPT, TERM: 'xterm' },
    });
    sessions.push(session);
    session.type(`${prepare}; echo com''plete is set\r`);
    await session.shows('complete is set');
    return session;
  };

  const missing = (shell: Shell): boolean => shell !== 'bash' && isMissing(shell satisfies Program);

  for (const shell of SHELLS) {
    test.skipIf(missing(shell))(
      `Tab completes in ${shell}`,
      async () => {
        const session = await openShell(shell);
        for (const [typed, completed] of [
          ['mailctl template rol', 'mailctl template rollback '],
          ['mailctl send rec', 'mailctl send receipt '],
          ['mailctl message list --status=supp', 'mailctl message list --status=suppressed'],
          // Where mailctl knows no word, files are completed.
          ['mailctl send receipt --props a-f', 'mailctl send receipt --props a-file.json'],
        ] as const) {
          session.type(`${typed}${TAB}`);
          await session.shows(completed);
          session.type(CLEAR_LINE);
        }
      },
      60_000,
    );
  }
});
