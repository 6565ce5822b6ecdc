import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectOutput, type Finished } from '../../server/test/support/collect-output.ts';

/** The real program. */
export const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export type RunOptions = { env?: Record<string, string>; cwd?: string; stdin?: string };

/** The environment of the test without anything that would steer mailctl, a login of whoever runs the test included. */
export function cleanEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env;
  const base = join(TMPDIR, 'mailctl-tests');
  return {
    PATH,
    HOME,
    TMPDIR,
    XDG_CONFIG_HOME: join(base, 'nobody'),
    XDG_CACHE_HOME: join(base, 'cache'),
    MAILCTL_KEYCHAIN: 'off',
  };
}

/** Starts the real program, piped as by a script. */
export function spawnMailctl(args: readonly string[], { env = {}, cwd, stdin }: RunOptions = {}) {
  return Bun.spawn([process.execPath, MAIN, ...args], {
    env: { ...cleanEnvironment(), ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: stdin === undefined ? 'ignore' : new TextEncoder().encode(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

/** Runs the real program to its end. */
export async function runMailctl(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return collectOutput(spawnMailctl(args, options));
}

export type RunningDevServer = {
  /** What it announced about itself. */
  announced: Record<string, unknown>;
  url: string;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<{ exitCode: number; stderr: string }>;
};

/** Starts `mailctl dev` and resolves when it has announced itself. */
export async function startDevServer(
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunningDevServer> {
  const child = spawnMailctl(['dev', '--port', '0', ...args], options);
  const stderr = new Response(child.stderr).text();
  const announced = await firstLine(child.stdout);
  if (announced === null) throw new Error(`mailctl dev ended before it was ready: ${await stderr}`);
  const value: Record<string, unknown> = JSON.parse(announced);
  return {
    announced: value,
    url: String(value.url),
    async end(signal) {
      child.kill(signal);
      return { exitCode: await child.exited, stderr: await stderr };
    },
  };
}

/** The first line of an output, which stays open. */
export async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string | null> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!text.includes('\n')) {
    const { done, value } = await reader.read();
    if (done) return null;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text.split('\n')[0] ?? null;
}
