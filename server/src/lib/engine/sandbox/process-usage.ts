import { readFileSync } from 'node:fs';

/** What a process has used so far. Null members could not be read on this system. */
export type ProcessUsage = {
  /** CPU time of the main thread, on which all of a template's code runs, in milliseconds. */
  cpuMs: number | null;
  /** How long the main thread was ready to run but the machine was busy with others, in milliseconds. */
  waitedForCpuMs: number;
  rssBytes: number | null;
  /** Resident memory less what is shared with other processes, as the program itself is. */
  privateBytes: number | null;
};

const NS_PER_MS = 1_000_000;
/** USER_HZ, 100 on every Linux that Bun runs on. */
const MS_PER_TICK = 10;
const PAGE_BYTES = 4096;

/**
 * Reads a process's usage from /proc. `schedstat` counts nanoseconds of the main thread; kernels without it have
 * `stat` in ticks of 10 ms. Elsewhere than on Linux everything is unknown, and only the wall limits a render.
 */
export function readProcessUsage(pid: number): ProcessUsage {
  const [runNs, waitNs] = readNumbers(`/proc/${pid}/schedstat`);
  const [, residentPages, sharedPages] = readNumbers(`/proc/${pid}/statm`);
  return {
    cpuMs: runNs === undefined ? readCpuFromStat(pid) : runNs / NS_PER_MS,
    waitedForCpuMs: (waitNs ?? 0) / NS_PER_MS,
    rssBytes: residentPages === undefined ? null : residentPages * PAGE_BYTES,
    privateBytes: residentPages === undefined ? null : (residentPages - (sharedPages ?? 0)) * PAGE_BYTES,
  };
}

function readCpuFromStat(pid: number): number | null {
  const stat = readText(`/proc/${pid}/task/${pid}/stat`);
  // the second field is the program's name in parentheses and may hold spaces
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * MS_PER_TICK : null;
}

function readNumbers(path: string): number[] {
  const text = readText(path).trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
