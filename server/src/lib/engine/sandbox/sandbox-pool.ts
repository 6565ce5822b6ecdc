import type { KillReason, WatchLimits } from './limit-watch.ts';
import type { SandboxJob, SandboxOutcome, SandboxProcess } from './sandbox-process.ts';
import { createSandboxSupply } from './sandbox-supply.ts';
import type { SandboxStarter } from './warm-sandbox.ts';

export type SandboxPoolOptions = {
  starter: SandboxStarter;
  limits: WatchLimits & { maxProcesses: number; spares: number; idleMs: number };
  onKill(key: string, reason: KillReason | 'died'): void;
  /** Monotonic milliseconds. */
  now?: () => number;
};

export type SandboxPool = {
  /**
   * Renders in the sandbox of `key`, after what that key has queued before. A killed render fails alone: what is
   * queued behind it goes to the sandbox that takes the place. Throws when no sandbox can be started.
   */
  run(key: string, job: SandboxJob): Promise<SandboxOutcome>;
  /** Resolves when the first spare is ready; throws when it does not start. */
  ready(): Promise<void>;
  /** Ends every process and resolves when they are gone. What is still queued is refused. */
  close(): Promise<void>;
};

type Pending = {
  job: SandboxJob;
  isSecondTry: boolean;
  resolve(outcome: SandboxOutcome): void;
  reject(error: unknown): void;
};

/** One client's place: its queue and, while it has one, its process. */
type Slot = {
  key: string;
  queue: Pending[];
  process: SandboxProcess | null;
  isBusy: boolean;
  lastUsedAt: number;
  placedAt: number;
};

/** With every place taken, a client that has had one for this long hands it on between two of its renders. */
const TURN_MS = 250;

/** Creates the pool and starts its spares. */
export function createSandboxPool({
  starter,
  limits,
  onKill,
  now = () => performance.now(),
}: SandboxPoolOptions): SandboxPool {
  const slots = new Map<string, Slot>();
  const placed = new Set<Slot>();
  const waiters: { slot: Slot; resolve(): void }[] = [];
  const supply = createSandboxSupply({ start: () => starter.start(), spares: limits.spares });
  let isClosed = false;

  const unplace = (slot: Slot): void => {
    slot.process?.kill();
    slot.process = null;
    placed.delete(slot);
  };

  const findIdlest = (): Slot | undefined => {
    const idle = [...placed].filter((slot) => !slot.isBusy);
    return idle.toSorted((a, b) => a.lastUsedAt - b.lastUsedAt)[0];
  };

  /** Hands free places to those who wait, in their order: nobody who comes later may slip in between. */
  const grantPlaces = (): void => {
    while (placed.size < limits.maxProcesses) {
      const waiter = waiters.shift();
      if (waiter === undefined) return;
      placed.add(waiter.slot);
      waiter.slot.placedAt = now();
      waiter.resolve();
    }
  };

  const takePlace = async (slot: Slot): Promise<void> => {
    if (placed.has(slot)) return;
    const victim = placed.size < limits.maxProcesses ? undefined : findIdlest();
    if (victim !== undefined) unplace(victim);
    await new Promise<void>((resolve) => {
      waiters.push({ slot, resolve });
      grantPlaces();
    });
    if (isClosed) throw new Error('The engine is closed');
  };

  const processOf = async (slot: Slot): Promise<SandboxProcess> => {
    await takePlace(slot);
    if (slot.process?.isAlive === true) return slot.process;
    slot.process = await supply.take();
    return slot.process;
  };

  const renderOnce = async (slot: Slot, pending: Pending): Promise<SandboxOutcome> => {
    const sandbox = await processOf(slot);
    if (!(await starter.prepare(sandbox, pending.job.code))) return { kind: 'died' };
    return sandbox.run(pending.job, limits);
  };

  const renderNext = async (slot: Slot, pending: Pending): Promise<void> => {
    const outcome = await renderOnce(slot, pending);
    if (outcome.kind === 'answer') return pending.resolve(outcome);
    slot.process = null;
    // not the template's failure: whoever asked must ask another instance
    if (isClosed) return pending.reject(new Error('The engine is closed'));
    const reason = outcome.kind === 'killed' ? outcome.reason : 'died';
    onKill(slot.key, reason);
    // the template did not break a limit, so a process that fell over may have been an accident: once more
    const isAccident = reason === 'died' || reason === 'unresponsive';
    if (!isAccident || pending.isSecondTry) return pending.resolve(outcome);
    pending.isSecondTry = true;
    slot.queue.unshift(pending);
  };

  const work = async (slot: Slot): Promise<void> => {
    slot.isBusy = true;
    for (let pending = slot.queue.shift(); pending !== undefined; pending = slot.queue.shift()) {
      try {
        await renderNext(slot, pending);
      } catch (error) {
        pending.reject(error);
      }
      const hasHadItsTurn = waiters.length > 0 && now() - slot.placedAt > TURN_MS;
      if (!hasHadItsTurn) continue;
      unplace(slot);
      grantPlaces();
    }
    slot.isBusy = false;
    slot.lastUsedAt = now();
    // whoever waits needs the place more than this client needs a warm process
    if (slot.process === null || waiters.length > 0) {
      unplace(slot);
      slots.delete(slot.key);
    }
    grantPlaces();
  };

  const endIdle = (): void => {
    for (const slot of slots.values()) {
      if (slot.isBusy || now() - slot.lastUsedAt < limits.idleMs) continue;
      unplace(slot);
      slots.delete(slot.key);
    }
  };

  const sweeper = setInterval(endIdle, Math.max(limits.idleMs / 2, 10));
  sweeper.unref();

  const slotOf = (key: string): Slot => {
    const found = slots.get(key);
    if (found !== undefined) return found;
    const slot: Slot = { key, queue: [], process: null, isBusy: false, lastUsedAt: now(), placedAt: 0 };
    slots.set(key, slot);
    return slot;
  };

  return {
    ready: () => supply.ready(),
    run(key, job) {
      if (isClosed) return Promise.reject(new Error('The engine is closed'));
      const slot = slotOf(key);
      return new Promise((resolve, reject) => {
        slot.queue.push({ job, isSecondTry: false, resolve, reject });
        if (!slot.isBusy) void work(slot);
      });
    },
    async close() {
      isClosed = true;
      clearInterval(sweeper);
      for (const slot of slots.values()) {
        for (const pending of slot.queue.splice(0)) pending.reject(new Error('The engine is closed'));
      }
      for (const waiter of waiters.splice(0)) waiter.resolve();
      await supply.close();
    },
  };
}
