import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { treeOf } from './process-tree.ts';

/** A program that shows templates in a browser, started on a folder of its own. */
export type StartedPreview = {
  /** The page of the template that is saved. */
  url: string;
  readyMs: number;
  pid: number;
  /** The file to save, and what is in it. */
  file: string;
  source: string;
  stop(): Promise<void>;
};

const ROOT = join(import.meta.dir, '../..');
/** The last version of which both parts are published: the command line refuses to run with another one's pages. */
export const REACT_EMAIL_VERSION = '6.11.6';
const STARTERS = ['digest', 'password-reset', 'receipt', 'welcome'] as const;
const TEMPLATES = 50;
const READY_WITHIN_MS = 60_000;

/** `mailctl preview` on fifty templates. */
export async function startOurs(): Promise<StartedPreview> {
  const base = await mkdtemp(join(tmpdir(), 'bench-preview-'));
  const folder = join(base, 'templates');
  for (let index = 0; index < TEMPLATES; index += 1) {
    const starter = STARTERS[index % STARTERS.length] ?? 'welcome';
    await cp(join(ROOT, 'templates', starter), join(folder, `${starter}-${index}`), { recursive: true });
  }
  const startedAt = performance.now();
  const main = join(ROOT, 'cli/src/main.ts');
  const child = Bun.spawn([process.execPath, main, 'preview', '--dir', folder, '--port', '0', '--json'], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const announced = await firstLine(child.stdout);
  const readyMs = performance.now() - startedAt;
  const file = join(folder, 'welcome-3/index.tsx');
  const { url }: { url: string } = JSON.parse(announced);
  return {
    url: `${url}/welcome-3`,
    readyMs,
    pid: child.pid,
    file,
    source: await readFile(file, 'utf8'),
    async stop() {
      child.kill('SIGTERM');
      await child.exited;
      await rm(base, { recursive: true, force: true });
    },
  };
}

/**
 * `email dev` of react-email on one template. It is installed aside, because it brings half a gigabyte that nothing else here needs;
 * null where it cannot be.
 */
export async function startTheirs(): Promise<StartedPreview | null> {
  const base = join(tmpdir(), `bench-react-email-${REACT_EMAIL_VERSION}`);
  const folder = join(base, 'emails');
  const node = Bun.which('node');
  if (node === null || !(await installTheirs(base))) return null;
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'welcome.tsx');
  const source = await readFile(join(ROOT, 'templates/welcome/index.tsx'), 'utf8');
  await writeFile(file, source);
  const port = freePort();
  const startedAt = performance.now();
  const child = Bun.spawn(
    [node, join(base, 'node_modules/.bin/email'), 'dev', '--dir', folder, '--port', String(port)],
    { cwd: base, stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
  );
  const url = `http://localhost:${port}/preview/welcome`;
  await untilAnswered(`http://localhost:${port}/`);
  return {
    url,
    readyMs: performance.now() - startedAt,
    pid: child.pid,
    file,
    source,
    async stop() {
      // It runs itself once more, and what it starts does not end with it.
      for (const pid of treeOf(child.pid)) endProcess(pid);
      await child.exited;
    },
  };
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended with another of them.
  }
}

async function installTheirs(base: string): Promise<boolean> {
  await mkdir(base, { recursive: true });
  const dependencies = {
    'react-email': REACT_EMAIL_VERSION,
    '@react-email/ui': REACT_EMAIL_VERSION,
    '@sinclair/typebox': '0.34.52',
    react: '19.3.1',
    'react-dom': '19.3.1',
  };
  await writeFile(join(base, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const install = Bun.spawn([process.execPath, 'install', '--ignore-scripts'], {
    cwd: base,
    stdout: 'ignore',
    stderr: 'ignore',
  });
  return (await install.exited) === 0;
}

async function untilAnswered(url: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline) {
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not listening yet.
    }
    await Bun.sleep(5);
  }
  throw new Error(`${url} does not answer`);
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    text += new TextDecoder().decode(value);
    if (text.includes('\n')) return text;
    if (done) throw new Error('It ended before it was ready');
  }
}

function freePort(): number {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('') });
  const { port } = server;
  void server.stop(true);
  return port ?? 0;
}
