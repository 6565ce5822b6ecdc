import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The runner is run for real, on a test file outside of the repository.

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function startRunner(source: string, ...words: string[]) {
  const file = join(folder, 'one.test.ts');
  writeFileSync(file, `import { expect, test } from 'bun:test';\n${source}`);
  return Bun.spawn([process.execPath, 'scripts/test.ts', file, ...words], {
    cwd: join(import.meta.dir, '..', '..'),
    env: { ...process.env, CI: '', MAIL_TEST_FULL: '' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

async function resultOf(runner: ReturnType<typeof startRunner>) {
  const [output, , exitCode] = await Promise.all([
    new Response(runner.stdout).text(),
    new Response(runner.stderr).text(),
    runner.exited,
  ]);
  return { lines: output.trim().split('\n'), exitCode };
}

/** Reads until the stream has said the word; the rest of it is for whoever reads on. */
async function waitForWord(stream: ReadableStream<Uint8Array>, word: string): Promise<void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes(word)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`ended without saying ${word}: ${text}`);
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
}

test('a good run ends with its one line and exit code 0', async () => {
  const { lines, exitCode } = await resultOf(startRunner("test('a', () => {}); test.skip('b', () => {});"));
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped');
  expect(exitCode).toBe(0);
});

test('a failing test and a file that does not load end with exit code 1', async () => {
  const failing = await resultOf(startRunner("test('a', () => { expect(1).toBe(2); });"));
  expect(failing).toMatchObject({
    exitCode: 1,
    lines: expect.arrayContaining(['0 passed, 1 failed, 0 skipped']),
  });
  const unloadable = await resultOf(startRunner("throw new Error('no');"));
  expect(unloadable).toMatchObject({
    exitCode: 1,
    lines: expect.arrayContaining(['0 passed, 1 failed, 0 skipped']),
  });
});

test('--full reaches the tests, and --json adds one object', async () => {
  const source = "test('a', () => { expect(process.env['MAIL_TEST_FULL']).toBe('1'); });";
  const { lines } = await resultOf(startRunner(source, '--full', '--json'));
  expect(lines.slice(-2)).toEqual(['1 passed, 0 failed, 0 skipped', '{"passed":1,"failed":0,"skipped":0}']);
});

test('an interrupted run ends with 130 and takes along what its tests started', async () => {
  const hungUp = Promise.withResolvers<void>();
  // Whoever is killed hangs up, and that can be waited for; its process id may linger until somebody reaps it.
  const telephone = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data() {}, close: () => hungUp.resolve(), error: () => hungUp.resolve() },
  });
  const call = `await Bun.connect({ hostname: '127.0.0.1', port: ${telephone.port}, socket: { data() {} } }); console.log('called');`;
  const note = join(folder, 'folder');
  const runner = startRunner(`
    test('never ends', async () => {
      const child = Bun.spawn([process.execPath, '-e', ${JSON.stringify(call)}], { stdout: 'pipe' });
      await child.stdout.getReader().read();
      await Bun.write(${JSON.stringify(note)}, process.env['TMPDIR']);
      console.error('test is running');
      await new Promise(() => {});
    }, 60_000);`);
  await waitForWord(runner.stderr, 'test is running');
  runner.kill('SIGINT');
  expect(await runner.exited).toBe(130);
  await hungUp.promise;
  telephone.stop(true);
  expect(existsSync(readFileSync(note, 'utf8'))).toBe(false);
});
