import type { SandboxProcess } from './sandbox-process.ts';

/** What the relief has to know of a client's place. */
export type Occupied = { process: SandboxProcess | null; isBusy: boolean; lastUsedAt: number };

export type Relief<T extends Occupied> = {
  maxBytes: number;
  bytesOf: (sandbox: SandboxProcess) => number;
  /** Every process, those that wait for a client included. */
  running: readonly SandboxProcess[];
  slots: readonly T[];
  endIdle(slot: T): void;
};

/** The place that has not been used for the longest time. */
export function findIdlest<T extends Occupied>(slots: readonly T[]): T | undefined {
  const idle = slots.filter((slot) => !slot.isBusy);
  return idle.toSorted((a, b) => a.lastUsedAt - b.lastUsedAt)[0];
}

/**
 * Ends sandboxes until all together hold no more than they may: those that are idle first, the one that was idle
 * longest before the others, then those that hold most. What these render is rendered again.
 */
export function relieveMemory<T extends Occupied>(relief: Relief<T>): void {
  const { maxBytes, bytesOf, running, slots, endIdle } = relief;
  const held = new Map(running.map((sandbox) => [sandbox, bytesOf(sandbox)]));
  const bytesIn = ({ process }: Occupied): number => (process === null ? 0 : (held.get(process) ?? 0));
  const idle = slots.filter((slot) => !slot.isBusy).toSorted((a, b) => a.lastUsedAt - b.lastUsedAt);
  const busy = slots.filter((slot) => slot.isBusy).toSorted((a, b) => bytesIn(b) - bytesIn(a));
  let total = [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
  for (const slot of [...idle, ...busy]) {
    if (total <= maxBytes) return;
    total -= bytesIn(slot);
    if (slot.isBusy) slot.process?.kill('memory_together');
    else endIdle(slot);
  }
}
