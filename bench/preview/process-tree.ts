import { readdirSync, readFileSync } from 'node:fs';

/** A process and all below it. Linux only. */
export function treeOf(pid: number): number[] {
  const below = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === pid);
  return [pid, ...below.flatMap((child) => treeOf(Number(child)))];
}

/** A file of a process in /proc; empty for one that is gone. */
export function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function parentOf(pid: number): number {
  const text = readProcess(pid, 'stat');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}
