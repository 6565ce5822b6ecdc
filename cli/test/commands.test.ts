import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { runMailctl } from './mailctl.ts';

describe('mailctl against a server', () => {
  let system: TestSystem;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-'));
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (args: string[], options: { key?: string; url?: string; stdin?: string } = {}) =>
    runMailctl(args, {
      cwd: folder,
      env: { MAIL_API_KEY: options.key ?? system.keys.live, MAIL_BASE_URL: options.url ?? system.url },
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    });

  const errorOf = (stderr: string) => JSON.parse(stderr).error;

  test('sends html and text, and shows what became of it', async () => {
    const sent = await run([
      'send',
      '--to',
      'a@example.net',
      'b@example.net',
      '--subject',
      'Hi',
      '--text',
      'Hello',
      '--html',
      '<p>Hello</p>',
    ]);
    expect(sent).toMatchObject({ exitCode: 0, stderr: '' });
    const { messageId } = JSON.parse(sent.stdout);
    await system.waitUntilEnded(messageId);
    const shown = JSON.parse((await run(['message', 'get', messageId])).stdout);
    expect(shown).toMatchObject({
      id: messageId,
      status: 'sent',
      recipients: [{ email: 'a@example.net' }, { email: 'b@example.net' }],
    });
    expect((await run(['message', 'content', messageId, '--text'])).stdout).toBe('Hello');
  });

  test('takes props as text, from a file and from standard input', async () => {
    await system.pushTemplate(
      'props',
      "export const PreviewProps = { a: 'x' }; export const subject = (p) => p.a; export default () => <p>x</p>;",
    );
    writeFileSync(join(folder, 'props.json'), '{"a":"from a file"}');
    const subjects = [];
    for (const [props, stdin] of [['{"a":"as text"}'], ['props.json'], ['-', '{"a":"from stdin"}']]) {
      const sent = await run(
        ['send', 'props', '--to', 'a@example.net', '--props', props ?? ''],
        stdin === undefined ? {} : { stdin },
      );
      subjects.push((await system.waitUntilEnded(JSON.parse(sent.stdout).messageId)).subject);
    }
    expect(subjects).toEqual(['as text', 'from a file', 'from stdin']);
  });

  test('pushes a folder of templates; what is broken is told with its place, and the others are pushed', async () => {
    const templates = join(folder, 'templates');
    await Bun.write(
      join(templates, 'good', 'index.tsx'),
      "export const subject = 'Good'; export default () => <p>Good</p>;",
    );
    await Bun.write(join(templates, 'bad', 'index.tsx'), 'export default () => <p>\n  {\n</p>;');
    await Bun.write(
      join(templates, 'single.tsx'),
      "export const subject = 'One'; export { default } from './_shared/one.tsx';",
    );
    await Bun.write(join(templates, '_shared', 'one.tsx'), 'export default () => <p>One</p>;');
    const { exitCode, stdout, stderr } = await run(['template', 'push', 'templates']);
    expect(exitCode).toBe(5);
    expect(JSON.parse(stdout).data).toMatchObject([
      {
        name: 'bad',
        error: {
          code: 'template_build_failed',
          errors: [{ path: expect.stringMatching(/^index\.tsx:\d+:\d+$/) }],
        },
      },
      { name: 'good', version: 1, warnings: [{ code: 'lang_missing' }, { code: 'preview_missing' }] },
      { name: 'single', version: 1 },
    ]);
    expect(errorOf(stderr)).toMatchObject({ code: 'invalid' });
    expect((await run(['template', 'push', 'templates/good'])).exitCode).toBe(0);
    expect(
      JSON.parse((await run(['template', 'list'])).stdout).data.map(({ name }: { name: string }) => name),
    ).toContain('single');
  });

  test.each<[string, string[], { key?: string; url?: string }, number, string]>([
    ['a wrong key', ['template', 'list'], { key: 'mk_live_nonsense' }, 3, 'unauthenticated'],
    ['an unknown message', ['message', 'get', 'nothing'], {}, 4, 'not_found'],
    ['a name that would leave the path', ['message', 'get', '../templates'], {}, 4, 'not_found'],
    ['an unknown template', ['send', 'nowhere', '--to', 'a@example.net'], {}, 4, 'template_not_found'],
    [
      'a wrong address',
      ['send', '--to', 'nobody', '--subject', 'x', '--text', 'x'],
      {},
      5,
      'invalid_request',
    ],
    ['props that are no object', ['send', 'x', '--to', 'a@example.net', '--props', '{'], {}, 5, 'invalid'],
    [
      'props from a file that is not there',
      ['send', 'x', '--to', 'a@example.net', '--props', 'no.json'],
      {},
      5,
      'invalid',
    ],
    ['a folder without templates', ['template', 'push', 'nowhere'], {}, 4, 'not_found'],
    ['a server that is not there', ['template', 'list'], { url: 'http://127.0.0.1:1' }, 7, 'network_error'],
    ['a URL that is none', ['template', 'list'], { url: 'nonsense' }, 2, 'usage'],
    ['an unknown command', ['snd'], {}, 2, 'usage'],
    ['a missing option', ['send', 'welcome'], {}, 2, 'usage'],
  ])('%s: one JSON error and its exit code', async (_name, args, options, exitCode, code) => {
    const finished = await run(args, options);
    expect(finished).toMatchObject({ exitCode, stdout: '' });
    expect(errorOf(finished.stderr).code).toBe(code);
  });

  test('without a key it says how to get one', async () => {
    const { exitCode, stderr } = await runMailctl(['template', 'list'], { cwd: folder });
    expect(exitCode).toBe(3);
    expect(errorOf(stderr)).toMatchObject({
      code: 'not_authenticated',
      hint: expect.stringContaining('MAIL_API_KEY'),
    });
  });

  test('--help and --version succeed', async () => {
    expect(await runMailctl(['--help'], { cwd: folder })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Exit codes'),
    });
    expect(await runMailctl(['--version'], { cwd: folder })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});
