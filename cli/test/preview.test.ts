import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMailctl, spawnMailctl } from './mailctl.ts';

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'mailctl-preview-'));
  mkdirSync(join(base, 'mails/welcome'), { recursive: true });
  mkdirSync(join(base, 'nothing'));
  writeFileSync(join(base, 'mails/welcome/index.tsx'), 'export default () => <p>Welcome</p>;');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

async function start(args: readonly string[] = []) {
  const child = spawnMailctl(['preview', '--dir', 'mails', '--port', '0', ...args], { cwd: base });
  const reader = child.stdout.getReader();
  let line = '';
  while (!line.includes('\n')) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended: ${await new Response(child.stderr).text()}`);
    line += new TextDecoder().decode(value);
  }
  const announced: Record<string, unknown> = JSON.parse(line);
  return { child, announced, url: String(announced.url) };
}

describe('mailctl preview', () => {
  test('serves the templates of a folder, and ends by Ctrl-C without a trace', async () => {
    const { child, announced, url } = await start();
    expect(announced).toMatchObject({ dir: 'mails', templates: ['welcome'], service: null });
    const page = await fetch(url);
    expect(page.status).toBe(200);
    const listening = await fetch(url.replace('/preview', '/ui/preview/events'));
    child.kill('SIGINT');
    expect(await child.exited).toBe(0);
    expect(await listening.text()).toContain('retry');
    await expect(fetch(url)).rejects.toThrow();
  });

  test('says that a preview runs there already, and where', async () => {
    const { child, url } = await start();
    const port = new URL(url).port;
    const second = await runMailctl(['preview', '--dir', 'mails', '--port', port], { cwd: base });
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain(`A preview of mails runs at ${url} already`);
    child.kill('SIGTERM');
    await child.exited;
  });

  test('says that the port is taken by somebody else', async () => {
    const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('hello') });
    const { port } = other;
    const args = ['preview', '--dir', 'mails', '--port', String(port)];
    const { exitCode, stderr } = await runMailctl(args, { cwd: base });
    await other.stop(true);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Port ${port} is taken by another program`);
  });

  test.each([
    ['nowhere', 'There is no folder nowhere'],
    ['nothing', 'nothing holds no templates'],
  ])('says what is missing in %s', async (dir, message) => {
    const { exitCode, stderr } = await runMailctl(['preview', '--dir', dir, '--port', '0'], { cwd: base });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
  });

  test('refuses what is no port', async () => {
    const { exitCode } = await runMailctl(['preview', '--dir', 'mails', '--port', 'x'], { cwd: base });
    expect(exitCode).toBe(2);
  });
});
