import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// `./dev` in a copy of a tiny project, with this Bun as the only program in PATH: nothing is installed or fetched.

const PINNED = Bun.version;
let home = '';
let project = '';
let programs = '';

beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'dev-')));
  project = join(home, 'a project');
  programs = join(home, 'programs');
  for (const folder of ['cli/src', 'server', 'sdk', 'scripts', 'node_modules']) {
    mkdirSync(join(project, folder), { recursive: true });
  }
  mkdirSync(programs);
  symlinkSync(process.execPath, join(programs, 'bun'));
  cpSync(join(import.meta.dir, '..', 'dev'), join(project, 'dev'));
  writeFileSync(join(project, 'package.json'), `{\n  "packageManager": "bun@${PINNED}"\n}\n`);
  for (const workspace of ['cli', 'server', 'sdk'])
    writeFileSync(join(project, workspace, 'package.json'), '{}');
  const echo = 'console.log(JSON.stringify({ folder: process.cwd(), words: process.argv.slice(2) }));';
  writeFileSync(
    join(project, 'cli/src/main.ts'),
    `${echo} if (process.argv[2] === 'fail') process.exitCode = 7;`,
  );
  writeFileSync(join(project, 'scripts/test.ts'), echo);
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

function run(command: string, words: readonly string[] = [], { cwd = home, path = programs } = {}) {
  const result = Bun.spawnSync([command, ...words], { cwd, env: { HOME: home, PATH: path } });
  return { output: result.stdout.toString(), errors: result.stderr.toString(), exitCode: result.exitCode };
}

const dev = () => join(project, 'dev');

test('passes words on as they are, from any folder, with nothing else on standard output', () => {
  const { output, exitCode } = run(dev(), ['start', '--once', 'two words', "it's", '*']);
  expect(JSON.parse(output)).toEqual({ folder: project, words: ['dev', '--once', 'two words', "it's", '*'] });
  expect(exitCode).toBe(0);
});

test('runs mailctl where the caller is, and hands its exit code back', () => {
  const { output, exitCode } = run(dev(), ['mailctl', 'fail']);
  expect(JSON.parse(output)).toEqual({ folder: home, words: ['fail'] });
  expect(exitCode).toBe(7);
});

test('works through a symlink in another folder', () => {
  const link = join(home, 'link');
  symlinkSync(dev(), link);
  expect(JSON.parse(run(link, ['test', 'a']).output)).toEqual({ folder: project, words: ['a'] });
});

test('installs once, and again when a package.json has changed', () => {
  const stamp = join(project, 'node_modules/.install-stamp');
  rmSync(stamp, { force: true });
  expect(run(dev(), ['test']).errors).toContain('Installing');
  expect(existsSync(stamp)).toBe(true);
  expect(run(dev(), ['test']).errors).toBe('');
  // Set back, and not the manifest written anew: that could fall into the same tick of the file system's clock.
  utimesSync(stamp, 1, 1);
  expect(run(dev(), ['test']).errors).toContain('Installing');
});

test('an install that failed is neither taken for done nor followed by the command', () => {
  const stamp = join(project, 'node_modules/.install-stamp');
  rmSync(stamp, { force: true });
  writeFileSync(join(project, 'sdk/package.json'), 'no json');
  writeFileSync(
    join(project, 'package.json'),
    `{\n  "packageManager": "bun@${PINNED}",\n  "workspaces": ["sdk"]\n}\n`,
  );
  const failed = run(dev(), ['test']);
  writeFileSync(join(project, 'sdk/package.json'), '{}');
  writeFileSync(join(project, 'package.json'), `{\n  "packageManager": "bun@${PINNED}"\n}\n`);
  expect(failed.exitCode).not.toBe(0);
  expect(failed.output).toBe('');
  expect(existsSync(stamp)).toBe(false);
  expect(run(dev(), ['test']).exitCode).toBe(0);
});

test('finds its Bun again when PATH has none, as after the first start through npm', () => {
  run(dev(), ['test']);
  expect(run(dev(), ['test'], { path: '/nonexistent' }).exitCode).toBe(0);
});

test('takes another Bun with one warning, and says what is missing where there is none', () => {
  const old = join(home, 'old');
  mkdirSync(old);
  writeFileSync(
    join(old, 'bun'),
    `#!/bin/sh\n[ "$1" = --version ] && echo 0.0.1 && exit\nexec '${process.execPath}' "$@"\n`,
  );
  chmodSync(join(old, 'bun'), 0o755);
  rmSync(join(project, 'node_modules/.bun-path'), { force: true });
  const warned = run(dev(), ['test', 'a'], { path: old });
  expect(warned.exitCode).toBe(0);
  expect(warned.errors.trim().split('\n')).toHaveLength(1);
  rmSync(join(project, 'node_modules/.bun-path'), { force: true });
  expect(run(dev(), ['test'], { path: '/nonexistent' }).exitCode).toBe(127);
});

test('prints how to use it: on request, and with exit code 2 for what it does not know', () => {
  expect(run(dev())).toMatchObject({ exitCode: 0, errors: '' });
  expect(run(dev(), ['help']).output).toContain('./dev');
  expect(run(dev(), ['nonsense'])).toMatchObject({ exitCode: 2, output: '' });
});
