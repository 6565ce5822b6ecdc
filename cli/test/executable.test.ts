import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildExecutable, installInto } from '../../scripts/cli/build.ts';
import { collectOutput } from '../../server/test/support/collect-output.ts';
import { judgeRequirement } from '../../server/test/support/requires.ts';

/** What the build cannot do without: a laptop with an emptied cache and no network skips, CI never. */
function isUnbuildable(): boolean {
  const stage = mkdtempSync(join(tmpdir(), 'mailctl-packages-'));
  const missing: string[] = [];
  try {
    installInto(stage);
  } catch (error) {
    missing.push(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  const requirement = judgeRequirement(missing, process.env.CI === 'true');
  if (requirement.kind === 'fail') throw new Error(`CI cannot build the executable: ${requirement.reason}`);
  if (requirement.kind === 'skip') console.error(`skipped: ${requirement.reason}`);
  return requirement.kind === 'skip';
}

describe.skipIf(isUnbuildable())('the executable, without node_modules', () => {
  let folder: string;
  let program: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-executable-'));
    program = await buildExecutable(join(folder, 'mailctl'));
  }, 300_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);

  const start = (...args: string[]) => {
    const env = { PATH: '/usr/bin:/bin', HOME: folder };
    return Bun.spawn([program, ...args], {
      cwd: folder,
      env,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
  };
  const run = async (...args: string[]) => {
    const finished = await collectOutput(start(...args));
    return { ...finished, answer: finished.stdout.startsWith('{') ? JSON.parse(finished.stdout) : null };
  };

  test('unpacks itself once, also where several start at once', async () => {
    const started = await Promise.all([run('--version'), run('--version')]);
    expect(started.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const unpacked = () =>
      readdirSync(join(folder, '.cache', 'mailctl')).filter((name) => name.startsWith('mailctl-'));
    expect(unpacked()).toHaveLength(1);
    await run('--version');
    expect(unpacked()).toHaveLength(1);
  }, 120_000);

  test('begins a project, and checks and renders its template in a sandbox', async () => {
    expect((await run('init', '.', '--template', 'welcome')).exitCode).toBe(0);
    expect((await run('template', 'lint')).answer).toEqual({
      data: [{ name: 'welcome', ok: true, warnings: [] }],
    });
    const { answer } = await run('template', 'render', 'templates/welcome');
    expect(answer.subject).toContain('Ada');
    expect(answer.html).toStartWith('<!DOCTYPE html');
    writeFileSync(join(folder, 'plain.tsx'), 'export default ({ who }: { who: string }) => <p>{who}</p>;');
    const { stdout, stderr } = await run('template', 'types', 'plain.tsx', '--out', '-');
    expect(stdout, stderr).toContain('type Props = { who: string };');
  }, 120_000);

  test('shows templates in a browser', async () => {
    const child = start('preview', '--port', '0');
    try {
      const { value } = await child.stdout.getReader().read();
      const { url, templates } = JSON.parse(new TextDecoder().decode(value));
      expect(templates).toEqual(['welcome']);
      const page = await fetch(url);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('<script');
    } finally {
      child.kill('SIGINT');
    }
    expect(await child.exited).toBe(0);
  }, 120_000);

  test('runs the whole service', async () => {
    const { exitCode, answer, stderr } = await run('dev', '--once', '--json');
    expect({ exitCode, status: answer?.status, stderr }).toMatchObject({ exitCode: 0, status: 'delivered' });
    // Its sandboxes are locked in as everywhere.
    expect(stderr).not.toContain('cannot lock');
  }, 120_000);
});
