import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { CTRL_C, ENTER, openTerminal, type TerminalSession } from './terminal.ts';

const ESCAPE = '\u001B';

describe('mailctl in a terminal', () => {
  let system: TestSystem;
  let folder: string;
  const sessions: TerminalSession[] = [];

  beforeAll(async () => {
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(async () => {
    await system.stop();
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-tty-'));
  });

  afterEach(() => {
    for (const session of sessions.splice(0)) session.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (
    args: string[],
    { env = {}, columns }: { env?: Record<string, string>; columns?: number } = {},
  ) => {
    const session = openTerminal(args, {
      cwd: folder,
      env: {
        XDG_CONFIG_HOME: join(folder, 'config'),
        MAIL_API_KEY: system.keys.live,
        MAIL_BASE_URL: system.url,
        ...env,
      },
      ...(columns === undefined ? {} : { columns }),
    });
    sessions.push(session);
    return session;
  };

  test('answers are for people, in colour, and plain with NO_COLOR', async () => {
    await system.pushTemplate('plain', "export const subject = 'x'; export default () => <p>x</p>;");
    const coloured = open(['template', 'list']);
    expect(await coloured.ended()).toBe(0);
    await coloured.shows('plain');
    expect(coloured.raw()).toContain(`${ESCAPE}[2m`);
    const plain = open(['template', 'list', '-q'], { env: { NO_COLOR: '1' } });
    expect(await plain.ended()).toBe(0);
    await plain.shows('plain');
    expect(plain.raw()).not.toContain(`${ESCAPE}[2m`);
  });

  test('--json answers JSON there too', async () => {
    const session = open(['template', 'list', '--json']);
    expect(await session.ended()).toBe(0);
    await session.shows(']}');
    expect(JSON.parse(session.text())).toEqual({ data: expect.any(Array) });
  });

  test('tables fit the width', async () => {
    const subject = 'A subject that goes on for quite a while, and then some more';
    await system.waitUntilEnded(await system.send({ to: 'somebody@example.net', subject, text: 'x' }));
    const session = open(['message', 'list'], { columns: 90 });
    expect(await session.ended()).toBe(0);
    await session.shows('somebody');
    const lines = session.text().trimEnd().split(/\r?\n/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(90);
    expect(session.text()).toContain('\u2026');
    // The id is of use whole only.
    expect(session.text()).toMatch(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/);
  });

  test('asks for what is missing', async () => {
    const session = open(['send']);
    await session.shows('Who gets it?');
    session.type(`ada@example.net${ENTER}`);
    await session.shows('Subject?');
    session.type(`Hello${ENTER}`);
    await session.shows('Text?');
    session.type(`Hello Ada${ENTER}`);
    expect(await session.ended()).toBe(0);
    await session.shows('queued');
  });

  test('an unknown command is told with what was probably meant', async () => {
    const session = open(['tempalte']);
    expect(await session.ended()).toBe(2);
    await session.shows('Did you mean template?');
  });

  test('Ctrl-C in a question ends with 130 and writes nothing', async () => {
    const session = open(['init']);
    await session.shows('Which folder?');
    session.type(ENTER);
    await session.shows('Which templates');
    session.type(CTRL_C);
    expect(await session.ended()).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('Ctrl-C in the question for a key keeps no login', async () => {
    const session = open(['login', '--url', system.url]);
    await session.shows('API key?');
    session.type('mk_live_half');
    session.type(CTRL_C);
    expect(await session.ended()).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
    expect(session.text()).not.toContain('mk_live_half');
  });

  test('Ctrl-C while a spinner turns ends with 130 and leaves no half-written file', async () => {
    using silent = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      idleTimeout: 0,
      fetch: () => new Promise<Response>(() => {}),
    });
    const session = open(['template', 'pull', 'welcome'], {
      env: { MAIL_BASE_URL: `http://127.0.0.1:${silent.port}` },
    });
    await session.shows('Fetching ...');
    session.type(CTRL_C);
    expect(await session.ended()).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
    // The line of the spinner is gone, and the shell's prompt begins at its start.
    expect(session.raw().replaceAll('^C', '')).toEndWith(`\r${ESCAPE}[2K`);
  });

  test('Ctrl-C while a file is written leaves it whole, or not at all', async () => {
    const source = 'x'.repeat(64 * 1024 * 1024);
    using service = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: ({ url }) =>
        Response.json({ name: 'big', version: 1, entry: 'big.tsx', files: { 'big.tsx': source }, url }),
    });
    const session = open(['template', 'pull', 'big@1'], {
      env: { MAIL_BASE_URL: `http://127.0.0.1:${service.port}` },
    });
    // Watched as closely as can be: the draft is there for a moment only.
    const files = () => (existsSync(join(folder, 'templates')) ? readdirSync(join(folder, 'templates')) : []);
    while (files().length === 0) await new Promise((resolve) => setImmediate(resolve));
    session.type(CTRL_C);
    expect([0, 130]).toContain(await session.ended());
    const left = files();
    expect(left.filter((name) => name !== 'big.tsx')).toEqual([]);
    for (const name of left) expect(statSync(join(folder, 'templates', name)).size).toBe(source.length);
  });

  test('what cannot be undone is asked first', async () => {
    await system.pushTemplate('doomed', "export const subject = 'x'; export default () => <p>x</p>;");
    const refused = open(['template', 'delete', 'doomed']);
    await refused.shows('Delete doomed');
    refused.type(ENTER);
    expect(await refused.ended()).toBe(1);
    await refused.shows('Nothing was changed.');
    const agreed = open(['template', 'delete', 'doomed']);
    await agreed.shows('Delete doomed');
    agreed.type('y');
    expect(await agreed.ended()).toBe(0);
    await agreed.shows('deleted');
  });

  test('init asks, and says what is next', async () => {
    const session = open(['init']);
    await session.shows('Which folder?');
    session.type(ENTER);
    await session.shows('Which templates');
    session.type(ENTER);
    expect(await session.ended()).toBe(0);
    await session.shows('template lint');
    expect(existsSync(join(folder, 'templates', 'welcome', 'index.tsx'))).toBe(true);
  });

  test('a push shows what changed', async () => {
    expect(await open(['template', 'new', 'shown']).ended()).toBe(0);
    const first = open(['template', 'push']);
    expect(await first.ended()).toBe(0);
    await first.shows('version 1');
    writeFileSync(join(folder, 'templates', 'shown', 'extra.ts'), 'export const extra = 1;');
    const second = open(['template', 'push', '--dry-run']);
    expect(await second.ended()).toBe(0);
    await second.shows('+extra.ts');
  });
});
