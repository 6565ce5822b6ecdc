import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseTestArguments } from './arguments.ts';
import { startSharedServers } from './shared-servers.ts';
import { summarise, toSummaryLine } from './summary.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Copies a stream to another as it comes, and resolves with all of it. */
async function tee(stream: ReadableStream<Uint8Array>, target: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    target.write(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

type Interruption = { signal: (typeof SIGNALS)[number] | null };

/** Ends a process group with what is left in it; there may be nothing. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ESRCH') throw error;
  }
}

/** Runs `bun test` to its end, or until a signal reaches this process. */
async function runBunTest(passedOn: readonly string[], environment: Record<string, string>) {
  const child = Bun.spawn(
    // `--no-orphans`: should this process be killed outright, the tests and what they started end as well.
    // `--timeout`: what the preload sets holds for tests, and not for what runs before and after each of them.
    [process.execPath, 'test', '--no-orphans', '--parallel', '--timeout', '30000', ...passedOn],
    {
      env: { ...process.env, ...environment },
      // A process group of its own, so that all of it can be ended at once.
      detached: true,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
  const interruption: Interruption = { signal: null };
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      interruption.signal = signal;
      killGroup(child.pid);
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  const [, errors, exitCode] = await Promise.all([
    tee(child.stdout, process.stdout),
    // Bun writes its report, totals included, to stderr.
    tee(child.stderr, process.stderr),
    child.exited,
  ]);
  killGroup(child.pid);
  for (const { signal, handler } of handlers) process.off(signal, handler);
  return { output: errors, exitCode, signal: interruption.signal };
}

/** One folder for everything that the tests put down, so that what a killed one left goes too. */
async function createTemporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mail-test-run-'));
  // PostgreSQL runs as another user where the tests run as root, and makes its own folder in here.
  await chmod(folder, 0o1777);
  return folder;
}

/**
 * Runs the tests and resolves with the exit code: 0 where at least one test ran and none failed, 128 + n where
 * signal n ended it, else 1.
 */
export async function runTests(words: readonly string[]): Promise<number> {
  const { passedOn, isFull, isJson } = parseTestArguments(words);
  const folder = await createTemporaryFolder();
  const servers = await startSharedServers();
  try {
    const environment = {
      ...servers.environment,
      ...(isFull ? { MAIL_TEST_FULL: '1' } : {}),
      TMPDIR: folder,
    };
    const { output, exitCode, signal } = await runBunTest(passedOn, environment);
    if (signal) return 128 + constants.signals[signal];
    const summary = summarise(output, exitCode);
    console.log(toSummaryLine(summary));
    if (isJson) console.log(JSON.stringify(summary));
    return summary.failed > 0 ? 1 : 0;
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
