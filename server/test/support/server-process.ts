import { readdirSync, readFileSync } from 'node:fs';
import type { Subprocess } from 'bun';
import { findProgram } from './requires.ts';

/** A server started for tests, watched through what it logs. */
export type ServerProcess = {
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<void>;
  isRunning(): boolean;
  /** Null while it runs, or where a signal ended it. */
  exitCode(): number | null;
  /** The last lines of its log, for an error message. */
  logTail(): string;
  /** Asks it to end, and kills it where it has not after ten seconds. */
  stop(signal: NodeJS.Signals): Promise<void>;
  /** SIGKILL to the process and all its children at once, as when a machine's container dies. */
  kill9(): Promise<void>;
};

export type ServerCommand = {
  command: readonly string[];
  cwd: string;
  /** Besides this process's own environment. */
  env?: Readonly<Record<string, string>>;
  /** The line of its log that says that connections are accepted now. */
  readyLine: string;
  /** Told each line of its log as it comes. */
  onLine?: (line: string) => void;
};

const TAIL_LINES = 40;
const STOP_TIMEOUT_MS = 10_000;

/**
 * On Linux the kernel ends the server when the process that started it dies, so that a killed test run leaves
 * nothing behind.
 */
export function diesWithParent(command: readonly string[]): string[] {
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : null;
  return setpriv ? [setpriv, '--pdeathsig=KILL', ...command] : [...command];
}

function childrenOf(pid: number): number[] {
  if (process.platform !== 'linux') return [];
  const threads = readdirSync(`/proc/${pid}/task`);
  const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
  return lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
}

/** Sends a signal to a process that may be gone already, which is as good. */
function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ESRCH') throw error;
  }
}

async function killTree(process: Subprocess, exited: Promise<void>): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  // Stopped first, so that it cannot fork while its children are counted.
  signalIfAlive(process.pid, 'SIGSTOP');
  const children = childrenOf(process.pid);
  signalIfAlive(process.pid, 'SIGKILL');
  for (const child of children) signalIfAlive(child, 'SIGKILL');
  await exited;
}

async function stopProcess(
  process: Subprocess,
  exited: Promise<void>,
  signal: NodeJS.Signals,
): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill(signal);
  const lastResort = setTimeout(() => process.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(lastResort);
}

/** Reads a log to its end (a full pipe would stall the server), telling each line. */
async function followLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  }
  if (rest) onLine(rest);
}

/**
 * Starts a server and resolves when its log says that it is ready.
 *
 * @throws Error with the end of its log where it ends before that.
 */
export async function startServerProcess({
  command,
  cwd,
  env = {},
  readyLine,
  onLine: tell = () => undefined,
}: ServerCommand): Promise<ServerProcess> {
  const subprocess = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const tail: string[] = [];
  const ready = Promise.withResolvers<true>();
  const onLine = (line: string) => {
    tell(line);
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    if (line.includes(readyLine)) ready.resolve(true);
  };
  const logs = Promise.all([followLines(subprocess.stdout, onLine), followLines(subprocess.stderr, onLine)]);
  const exited = (async () => {
    await subprocess.exited;
  })();
  const ended = (async () => {
    await exited;
    return false;
  })();
  const isReady = await Promise.race([ready.promise, ended]);
  if (!isReady) {
    await logs;
    throw new Error(`${command.join(' ')} ended before it was ready:\n${tail.join('\n')}`);
  }
  return {
    pid: subprocess.pid,
    exited,
    isRunning: () => subprocess.exitCode === null && subprocess.signalCode === null,
    exitCode: () => subprocess.exitCode,
    logTail: () => tail.join('\n'),
    stop: (signal) => stopProcess(subprocess, exited, signal),
    kill9: () => killTree(subprocess, exited),
  };
}

/**
 * Runs `start` until it succeeds: a port may be taken between being found free and being used, and a killed
 * server's children may hold its memory for a moment. Every attempt is a whole start, so no pause is needed.
 *
 * @throws the last failure.
 */
export async function startWithRetries<T>(attempts: number, start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt >= attempts) throw error;
    }
  }
}
