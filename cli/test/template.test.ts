import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, startSystem, type TestSystem } from '../../server/test/support/system.ts';
import { waitFor } from '../../server/test/support/wait-for.ts';
import { runMailctl, spawnMailctl } from './mailctl.ts';

const STARTERS = fileURLToPath(new URL('../../templates', import.meta.url));

const toSource = (word: string) => `
import { Html, Preview, Text } from 'react-email';
export const PreviewProps = { name: 'Ada' };
export const subject = ({ name }) => '${word}, ' + name;
export default ({ name }) => <Html lang="en"><Preview>${word}</Preview><Text>${word} {name}</Text></Html>;
`;
const BROKEN = 'export default () => <p>\n  {\n</p>;';

describe('mailctl template', () => {
  let system: TestSystem;
  let folder: string;
  let key: string;

  beforeAll(async () => {
    system = await startSystem('embedded');
  }, 60_000);

  afterAll(() => system.stop());

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-template-'));
    // Each test has a client of its own: what is live is what it has pushed.
    key = (await createClient(system.call, system.keys.admin)).live;
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const environment = () => ({ MAIL_API_KEY: key, MAIL_BASE_URL: system.url });
  const run = async (...args: string[]) => {
    const finished = await runMailctl(['template', ...args], { cwd: folder, env: environment() });
    return {
      ...finished,
      answer: finished.stdout.startsWith('{') ? JSON.parse(finished.stdout) : null,
      error: finished.stderr.startsWith('{') ? JSON.parse(finished.stderr).error : null,
    };
  };
  const write = (path: string, source: string) => Bun.write(join(folder, path), source);
  const liveVersions = async () => {
    const { answer } = await run('list');
    return Object.fromEntries(
      answer.data.map(({ name, version }: { name: string; version: number }) => [name, version]),
    );
  };

  test('new begins one that lint has nothing to say about', async () => {
    expect((await run('new', 'password-reset')).answer).toEqual({
      name: 'password-reset',
      path: join('templates', 'password-reset', 'index.tsx'),
    });
    expect((await run('lint', '--strict')).answer).toEqual({
      data: [{ name: 'password-reset', ok: true, warnings: [] }],
    });
    expect((await run('new', 'password-reset')).exitCode).toBe(5);
    expect((await run('new', 'Password Reset')).exitCode).toBe(2);
    expect((await run('new')).exitCode).toBe(2);
  });

  test('lint tells what is broken with its place, and with --strict fails for warnings', async () => {
    await write('templates/bad/index.tsx', BROKEN);
    await write('templates/plain/index.tsx', "export const subject = 'x'; export default () => <p>x</p>;");
    const broken = await run('lint');
    expect(broken.exitCode).toBe(5);
    expect(broken.answer.data).toMatchObject([
      {
        name: 'bad',
        ok: false,
        error: {
          code: 'template_build_failed',
          errors: [{ path: expect.stringMatching(/^index\.tsx:\d+:\d+$/) }],
        },
      },
      { name: 'plain', ok: true, warnings: [{ code: 'lang_missing' }, { code: 'preview_missing' }] },
    ]);
    expect((await run('lint', 'templates/plain')).exitCode).toBe(0);
    expect((await run('lint', 'templates/plain', '--strict')).exitCode).toBe(1);
  });

  test('push says what changed, and repeating it changes nothing', async () => {
    await write('templates/hello/index.tsx', toSource('Hello'));
    const first = await run('push');
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.answer.data).toMatchObject([
      {
        name: 'hello',
        change: 'new',
        pushed: true,
        version: 1,
        previousVersion: null,
        files: [{ path: 'index.tsx', change: 'added' }],
      },
    ]);
    expect((await run('push')).answer.data).toMatchObject([
      { change: 'unchanged', pushed: false, version: 1, files: [] },
    ]);
    await write('templates/hello/index.tsx', toSource('Good day'));
    await write('templates/hello/extra.ts', 'export const x = 1;');
    expect((await run('push', 'templates/hello')).answer.data).toMatchObject([
      {
        change: 'changed',
        version: 2,
        previousVersion: 1,
        files: [
          { path: 'extra.ts', change: 'added' },
          { path: 'index.tsx', change: 'changed' },
        ],
      },
    ]);
  });

  test('several are pushed at once, by folder and by file', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await write(`mails/${name}/index.tsx`, toSource(name));
    await write('single.tsx', toSource('Single'));
    const { exitCode, answer } = await run('push', 'mails', 'single.tsx', '--concurrency', '3');
    expect(exitCode).toBe(0);
    expect(answer.data.map(({ name }: { name: string }) => name)).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
      'f',
      'single',
    ]);
    expect(Object.keys(await liveVersions()).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'single']);
    expect((await run('push', 'mails/a', 'mails')).exitCode).toBe(0);
    await write('other/a/index.tsx', toSource('other'));
    expect((await run('push', 'mails', 'other')).exitCode).toBe(2);
  });

  test('--dry-run and --check push nothing; --check fails where something would change or break', async () => {
    await write('templates/hello/index.tsx', toSource('Hello'));
    expect(await run('push', '--dry-run')).toMatchObject({
      exitCode: 0,
      answer: { data: [{ change: 'new', pushed: false }] },
    });
    expect(await run('push', '--check')).toMatchObject({ exitCode: 1, error: { code: 'would_change' } });
    expect(await liveVersions()).toEqual({});
    await run('push');
    expect((await run('push', '--check')).exitCode).toBe(0);
    await write('templates/hello/index.tsx', BROKEN);
    expect((await run('push', '--check')).exitCode).toBe(1);
    expect((await run('push', '--dry-run')).exitCode).toBe(5);
    expect(await liveVersions()).toEqual({ hello: 1 });
  });

  test('--atomic pushes nothing where one does not compile', async () => {
    await write('templates/good/index.tsx', toSource('Good'));
    await write('templates/bad/index.tsx', BROKEN);
    expect(await run('push', '--atomic')).toMatchObject({
      exitCode: 5,
      answer: { data: [{ name: 'bad' }, { name: 'good', pushed: false }] },
    });
    expect(await liveVersions()).toEqual({});
  });

  test('--atomic takes back what was pushed where the service refuses one', async () => {
    await write('templates/known/index.tsx', toSource('Known'));
    await run('push');
    await write('templates/known/index.tsx', toSource('Changed'));
    await write('templates/fresh/index.tsx', toSource('Fresh'));
    // Fine for the engine, not for the service: only it knows what a sender may be.
    await write('templates/refused/index.tsx', `${toSource('Refused')}; export const from = 'no address';`);
    const { exitCode, answer } = await run('push', '--atomic', '--concurrency', '1');
    expect(exitCode).toBe(5);
    expect(answer.data.find(({ name }: { name: string }) => name === 'refused').error.code).toBe(
      'template_invalid',
    );
    expect(await liveVersions()).toEqual({ known: 1 });
    const html = await run('render', 'known', '--text');
    expect(html.stdout).toContain('Known Ada');
  });

  test('Ctrl-C during --atomic takes back what was pushed, and ends with 130', async () => {
    for (const name of ['a', 'b']) await write(`templates/${name}/index.tsx`, toSource(name));
    let pushes = 0;
    // Between mailctl and the service, so that a push can be held where it is.
    using proxy = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      idleTimeout: 0,
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        const isPush = request.method === 'PUT';
        if (isPush) pushes += 1;
        if (isPush && pushes > 1) return new Promise<Response>(() => {});
        const body = await request.text();
        const headers = {
          'x-api-key': request.headers.get('x-api-key') ?? '',
          'content-type': 'application/json',
        };
        return fetch(`${system.url}${pathname}${search}`, {
          method: request.method,
          headers,
          ...(body === '' ? {} : { body }),
        });
      },
    });
    const child = spawnMailctl(['template', 'push', '--atomic', '--concurrency', '1'], {
      cwd: folder,
      env: { MAIL_API_KEY: key, MAIL_BASE_URL: `http://127.0.0.1:${proxy.port}` },
    });
    await waitFor('the second push to be on its way', () => (pushes > 1 ? true : null));
    expect(Object.keys(await liveVersions())).toHaveLength(1);
    child.kill('SIGINT');
    expect(await child.exited).toBe(130);
    expect(await liveVersions()).toEqual({});
  });

  test('diff compares sources, and what both render', async () => {
    await write('templates/hello/index.tsx', toSource('Hello'));
    expect((await run('diff')).answer.data).toMatchObject([{ name: 'hello', change: 'new', rendered: null }]);
    await run('push');
    expect(await run('diff', '--exit-code')).toMatchObject({
      exitCode: 0,
      answer: { data: [{ change: 'unchanged', sources: [] }] },
    });
    await write('templates/hello/index.tsx', toSource('Good day'));
    const { answer, exitCode } = await run('diff', '--exit-code');
    expect(exitCode).toBe(1);
    const [{ sources, rendered }] = answer.data;
    expect(sources[0].diff).toContain("-export const subject = ({ name }) => 'Hello, ' + name;");
    expect(sources[0].diff).toContain("+export const subject = ({ name }) => 'Good day, ' + name;");
    expect(rendered.subject).toContain('-Hello, Ada\n+Good day, Ada');
    expect(rendered.text).toContain('-Hello Ada\n+Good day Ada');
    expect(rendered.html).toContain('+');
    expect((await run('diff', '--sources')).answer.data[0].rendered).toBeNull();
  });

  test('pull brings back what push sent, and asks before it overwrites', async () => {
    await write(
      'templates/hello/index.tsx',
      toSource('Hello')
        .replace('Hello {name}', '{word} {name}')
        .replace('import {', "import { word } from '../_shared/word.ts';\nimport {"),
    );
    await write('templates/_shared/word.ts', "export const word = 'Shared';");
    await write('templates/single.tsx', toSource('Single'));
    await run('push');
    expect(await run('pull', '--dir', 'back')).toMatchObject({ exitCode: 0, stderr: '' });
    for (const path of ['hello/index.tsx', '_shared/word.ts', 'single.tsx']) {
      expect(readFileSync(join(folder, 'back', path), 'utf8')).toBe(
        readFileSync(join(folder, 'templates', path), 'utf8'),
      );
    }
    expect((await run('push', 'back', '--check')).exitCode).toBe(0);
    await write('back/single.tsx', 'mine');
    expect((await run('pull', 'single', '--dir', 'back')).exitCode).toBe(2);
    expect(readFileSync(join(folder, 'back', 'single.tsx'), 'utf8')).toBe('mine');
    expect((await run('pull', 'single@1', '--dir', 'back', '--yes')).exitCode).toBe(0);
    expect(readFileSync(join(folder, 'back', 'single.tsx'), 'utf8')).toBe(toSource('Single'));
    expect(await run('pull', 'singel')).toMatchObject({ exitCode: 4 });
    expect(readdirSync(folder).toSorted()).toEqual(['back', 'templates']);
  });

  test('render: what has a path is on disk, a name is live; both give the same', async () => {
    await write('templates/hello/index.tsx', toSource('Hello'));
    await run('push');
    const here = await run('render', 'templates/hello', '--props', '{"name":"Bob"}');
    const there = await run('render', 'hello@1', '--props', '{"name":"Bob"}');
    expect(here.answer).toMatchObject({ version: null, subject: 'Hello, Bob' });
    expect({ ...here.answer, version: 1 }).toEqual(there.answer);
    expect((await run('render', 'templates/hello', '--html')).stdout).toBe(
      (await run('render', 'hello', '--html')).stdout,
    );
    const { answer } = await run('render', 'templates/hello', '--out', 'out');
    expect(answer.files).toEqual(['subject.txt', 'index.html', 'index.txt'].map((name) => join('out', name)));
    expect(readFileSync(join(folder, 'out', 'subject.txt'), 'utf8')).toBe('Hello, Ada\n');
    expect((await run('render', 'templates/nowhere')).exitCode).toBe(4);
    expect((await run('render', 'nowhere')).exitCode).toBe(4);
    expect((await run('render', 'hello@x')).exitCode).toBe(2);
  });

  test('render refuses props that the schema refuses, without a service', async () => {
    cpSync(join(STARTERS, 'welcome'), join(folder, 'welcome'), { recursive: true });
    const { exitCode, error } = await run('render', './welcome', '--props', '{"name":""}');
    expect(exitCode).toBe(5);
    expect(error.message).toContain('/name');
  });

  test('types describes templates here and live ones alike, and --check holds the file against them', async () => {
    cpSync(join(STARTERS, 'welcome'), join(folder, 'templates', 'welcome'), { recursive: true });
    const printed = await run('types', '--out', '-');
    expect(printed.stdout).toContain('startUrl: string');
    expect((await run('types', '--check')).exitCode).toBe(1);
    expect(existsSync(join(folder, 'mail-templates.d.ts'))).toBe(false);
    expect((await run('types')).answer).toEqual({
      file: 'mail-templates.d.ts',
      changed: true,
      templates: ['welcome'],
    });
    expect((await run('types', '--check')).exitCode).toBe(0);
    await run('push');
    expect((await run('types', '--live', '--check')).exitCode).toBe(0);
    expect(readFileSync(join(folder, 'mail-templates.d.ts'), 'utf8')).toBe(printed.stdout);
  });

  test('types takes the type of the props where there is no schema', async () => {
    const source = 'type Props = { who: string };\nexport default ({ who }: Props) => <p>{who}</p>;';
    await write('templates/hello/index.tsx', `export const PreviewProps = { who: 'Ada' };\n${source}`);
    const { stdout } = await run('types', '--out', '-');
    expect(stdout).toContain('type Props = { who: string };');
    expect(stdout).toContain('"hello": TypesOf_hello.Props;');
  });

  test('versions, rollback and delete', async () => {
    for (const word of ['One', 'Two', 'Three']) {
      await write('templates/hello/index.tsx', toSource(word));
      await run('push');
    }
    expect((await run('versions', 'hello')).answer.data).toMatchObject([
      { version: 3, isCurrent: true },
      { version: 2, isCurrent: false },
      { version: 1, isCurrent: false },
    ]);
    expect((await run('versions', 'hello', '--limit', '1')).answer.data).toHaveLength(1);
    expect((await run('rollback', 'hello')).answer).toMatchObject({ version: 2, previousVersion: 3 });
    expect((await run('rollback', 'hello', '1')).answer).toMatchObject({ version: 1 });
    expect((await run('rollback', 'hello')).exitCode).toBe(5);
    expect((await run('rollback', 'hello', '9')).exitCode).toBe(4);
    expect(await run('delete', 'hello')).toMatchObject({
      exitCode: 2,
      error: { hint: expect.stringContaining('--yes') },
    });
    expect((await run('delete', 'hello', 'nowhere', '--yes')).exitCode).toBe(4);
    expect(await liveVersions()).toEqual({ hello: 1 });
    expect((await run('delete', 'hello', '--yes')).answer).toEqual({ deleted: ['hello'] });
    expect(await liveVersions()).toEqual({});
  });
});
