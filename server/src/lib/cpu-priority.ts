import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * Lets other processes have the CPU first: gives every thread of this process, and so all that it starts from now on, the nice value (0
 * to 19). Where it has a higher one already, or the system refuses, everything stays as it is.
 */
export function lowerCpuPriority(nice: number): void {
  if (getPriority() >= nice) return;
  // Linux keeps a value for each thread; those of the compiler and the collector are there already.
  for (const thread of listThreads()) lowerThread(thread, nice);
  if (isSessionLeader()) lowerSessionPriority();
}

function lowerThread(thread: number, nice: number): void {
  try {
    setPriority(thread, nice);
  } catch {
    // A courtesy to others, not a promise: the thread has ended, or the system forbids it.
  }
}

/**
 * Where the kernel shares the CPU among sessions first (autogroup), a nice value counts only inside of its session: whoever has a session to
 * itself says it again for the whole of it. Linux only; elsewhere nothing happens.
 */
export function lowerSessionPriority(): void {
  const nice = getPriority();
  if (nice <= 0) return;
  try {
    writeFileSync('/proc/self/autogroup', String(nice));
  } catch {
    // A kernel without such groups.
  }
}

function listThreads(): number[] {
  return process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [process.pid];
}

/** The session is the fourth field after the name, which may itself hold blanks and brackets (proc(5)). */
function isSessionLeader(): boolean {
  if (process.platform !== 'linux') return false;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) === process.pid;
}
