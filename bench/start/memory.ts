import { readFileSync } from 'node:fs';

/** Resident memory in MB, as the kernel counts it for a process alone: now, and at its worst so far. Linux only. */
export function residentMbOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}
