import { fileURLToPath } from 'node:url';
import type { Step } from '../../src/worker/steps.ts';
import { diesWithParent, type ServerProcess, startServerProcess } from './server-process.ts';

const ENTRY = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
const KILLED_ENTRY = fileURLToPath(new URL('./service-killed-at-step.ts', import.meta.url));

export type ServiceProcess = ServerProcess & {
  /** Where its API listens; empty for a worker. */ url: string;
};

/** As {@link startServiceProcess}, but killed when the Nth delivery reaches a step. */
export function startServiceKilledAt(
  env: Readonly<Record<string, string>>,
  { step, nth }: { step: Step; nth: number },
): Promise<ServiceProcess> {
  return startEntry(KILLED_ENTRY, { ...env, KILL_AT: `${step}:${nth}` });
}

/** Starts the server's own entry as a process of its own, as a container would; resolves when it is up. */
export function startServiceProcess(
  env: Readonly<Record<string, string>>,
  onLine?: (line: string) => void,
): Promise<ServiceProcess> {
  return startEntry(ENTRY, env, onLine);
}

/** Starts another entry that logs its start as the server's own does. */
export async function startEntry(
  entry: string,
  env: Readonly<Record<string, string>>,
  onLine?: (line: string) => void,
): Promise<ServiceProcess> {
  const server = await startServerProcess({
    command: diesWithParent([process.execPath, entry]),
    cwd: process.cwd(),
    // Tests share their machine with others: a worker that stands back behind all of them would only be waited for.
    env: { LOG_LEVEL: 'info', WORKER_NICE: '0', ...env },
    readyLine: '"msg":"started"',
    ...(onLine && { onLine }),
  });
  const line = server
    .logTail()
    .split('\n')
    .find((candidate) => candidate.includes('"msg":"started"'));
  const started: unknown = JSON.parse(line ?? '{}');
  const url = typeof started === 'object' && started !== null && 'url' in started ? started.url : null;
  return { ...server, url: typeof url === 'string' ? url : '' };
}
