import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectOutput } from '../server/test/support/collect-output.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const npm = Bun.which('npm');
const node = Bun.which('node');
const isNodeMissing = npm === null || node === null;
if (isNodeMissing) console.error('skipped: needs node and npm');

/** Everything git would clone, and what is not committed yet: a test of the tree as it is. */
function copyRepository(target: string): void {
  const listed = Bun.spawnSync(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
  });
  if (!listed.success) throw new Error(listed.stderr.toString());
  const deleted = Bun.spawnSync(['git', 'ls-files', '-z', '--deleted'], { cwd: ROOT })
    .stdout.toString()
    .split('\0');
  for (const file of listed.stdout.toString().split('\0')) {
    if (file === '' || deleted.includes(file)) continue;
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(ROOT, file), join(target, file));
  }
}

/** A folder with node and npm and nothing else in it. */
function createBarePath(folder: string): string {
  mkdirSync(folder);
  symlinkSync(realpathSync(node ?? ''), join(folder, 'node'));
  symlinkSync(realpathSync(npm ?? ''), join(folder, 'npm'));
  return folder;
}

describe.skipIf(isNodeMissing)('a fresh clone on a machine with only node and npm', () => {
  let folder: string;
  let path: string;

  beforeAll(() => {
    // A space in the path, because people have them.
    folder = mkdtempSync(join(tmpdir(), 'fresh clone-'));
    path = createBarePath(join(folder, 'bin'));
    copyRepository(join(folder, 'repository'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = async (...args: string[]) => {
    const child = Bun.spawn([join(folder, 'repository', 'dev'), ...args], {
      cwd: folder,
      env: { PATH: path, HOME: process.env.HOME ?? folder },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    return collectOutput(child);
  };

  test('./dev start --once --json installs, delivers a mail and ends with one line', async () => {
    const { stdout, stderr, exitCode } = await run('start', '--once', '--json');
    expect(exitCode, stderr).toBe(0);
    const answer: unknown = JSON.parse(stdout);
    expect(answer).toMatchObject({
      status: 'delivered',
      subject: expect.stringContaining('Ada'),
      timeline: ['accepted', 'attempted', 'rendered', 'handed_over', 'delivered'],
    });
  }, 180_000);

  test('a second start installs nothing', async () => {
    const { stderr, exitCode } = await run('start', '--once', '--json');
    expect(exitCode, stderr).toBe(0);
    expect(stderr).not.toContain('Installing');
  }, 60_000);

  test('an unknown command says which there are', async () => {
    const { stderr, exitCode } = await run('strat');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('start');
  });
});
