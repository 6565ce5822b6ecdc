import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in ticks of this length for every program, whatever the kernel's own tick is. */
const TICK_US = 10_000;

/**
 * User and system time in µs that a process and all below it have used so far, those that ended and were waited for included. Zero for a
 * process that is gone. Linux only.
 */
export function cpuUsOf(pid: number): number {
  const children = childrenByParent();
  const sum = (id: number): number => {
    const below = (children.get(id) ?? []).reduce((total, child) => total + sum(child), 0);
    return ticksOf(id) * TICK_US + below;
  };
  return sum(pid);
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** utime, stime, and those of children that were waited for (proc(5), fields 14 to 17). */
function ticksOf(pid: number): number {
  return statOf(pid)
    .slice(11, 15)
    .reduce((total, ticks) => total + Number(ticks), 0);
}

/** The fields from the state on: the name before it may hold blanks and brackets. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return []; // It ended while the list was being read.
  }
}
