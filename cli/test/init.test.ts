import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { runMailctl } from './mailctl.ts';
import { openTerminal } from './terminal.ts';

describe('mailctl init', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailctl-init-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = async (...args: string[]) => {
    const finished = await runMailctl(['init', ...args], { cwd: folder });
    return { ...finished, answer: finished.stdout.startsWith('{') ? JSON.parse(finished.stdout) : null };
  };
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');

  test('begins a project in an empty folder, whose templates have no faults', async () => {
    const { exitCode, answer } = await run('mails', '--template', 'welcome', 'receipt');
    expect({ exitCode, answer }).toMatchObject({
      exitCode: 0,
      answer: { folder: 'mails', changed: [], kept: [] },
    });
    expect(answer.created).toContainAllValues([
      'mails/templates/welcome/index.tsx',
      'mails/templates/receipt/index.tsx',
      'mails/templates/receipt/money.ts',
      'mails/package.json',
      'mails/tsconfig.json',
      'mails/.gitignore',
    ]);
    expect(read('mails/.gitignore')).toContain('.mailer/');
    expect(JSON.parse(read('mails/package.json'))).toMatchObject({
      name: 'mails',
      private: true,
      devDependencies: { '@org/mailctl': manifest.version },
    });
    const linted = await runMailctl(['template', 'lint', '--strict'], { cwd: join(folder, 'mails') });
    expect(linted.exitCode, linted.stderr).toBe(0);
  });

  test('overwrites nothing in a folder that has something, and says what it did', async () => {
    writeFileSync(join(folder, 'package.json'), '{"name":"mine"}');
    writeFileSync(join(folder, '.gitignore'), 'dist');
    const first = await run('--template', 'welcome', '--dir', 'mails');
    expect(first.answer).toEqual({
      folder: '.',
      created: ['mails/welcome/index.tsx', 'tsconfig.json'],
      changed: ['.gitignore'],
      kept: ['package.json'],
    });
    expect(read('package.json')).toBe('{"name":"mine"}');
    expect(read('.gitignore')).toBe('dist\n.mailer/\n');
    writeFileSync(join(folder, 'mails/welcome/index.tsx'), 'mine');
    const second = await run('--template', 'welcome', '--dir', 'mails');
    expect(second.answer).toMatchObject({ created: [], changed: [] });
    expect([read('mails/welcome/index.tsx'), read('.gitignore')]).toEqual(['mine', 'dist\n.mailer/\n']);
  });

  test('tells a person which packages an existing project needs', async () => {
    writeFileSync(join(folder, 'package.json'), '{"name":"mine"}');
    const session = openTerminal(['init', '.', '--template', 'none'], { cwd: folder });
    expect(await session.ended()).toBe(0);
    await session.shows('npm install -D @org/mailctl@');
    expect(session.text()).toContain('kept     package.json');
  });

  test.each([[['--template', 'wellcome']], [['--template', 'none', 'welcome']]])(
    '%j is a usage error, and makes nothing',
    async (args) => {
      expect(await run('x', ...args)).toMatchObject({ exitCode: 2, stdout: '' });
      expect(await Array.fromAsync(new Bun.Glob('**/*').scan({ cwd: folder, dot: true }))).toEqual([]);
    },
  );
});
