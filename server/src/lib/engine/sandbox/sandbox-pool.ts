import type { PoolUse } from '../../telemetry/metrics.ts';
import type { KillReason, WatchLimits } from './limit-watch.ts';
import { relieveMemory } from './memory-relief.ts';
import { createPlaces } from './sandbox-places.ts';
import type { SandboxJob, SandboxOutcome, SandboxProcess } from './sandbox-process.ts';
import { createSandboxSupply } from './sandbox-supply.ts';
import type { SandboxStarter } from './warm-sandbox.ts';

export type SandboxPoolOptions = {
  starter: SandboxStarter;
  limits: WatchLimits & { maxProcesses: number; maxTotalBytes: number; spares: number; idleMs: number };
  onKill(key: string, reason: KillReason | 'died'): void;
  /** What a render has waited for a place and a process, where its client had none. */
  onWait?(waitMs: number): void;
  /** Memory that a process holds for itself, null where it cannot be read. */
  readMemory(pid: number): number | null;
  /** Monotonic milliseconds. */
  now?: () => number;
};

export type SandboxPool = {
  /**
   * Renders in the sandbox of `key`, after what that key has queued before. A killed render fails alone: what is
   * queued behind it goes to the sandbox that takes the place. Throws when no sandbox can be started.
   */
  run(key: string, job: SandboxJob): Promise<SandboxOutcome>;
  /** How many places for clients' processes there are, are taken, and are waited for. */
  use(): PoolUse;
  /** Resolves when the first spare is ready; throws when it does not start. */
  ready(): Promise<void>;
  /** Ends every process and resolves when they are gone. What is still queued is refused. */
  close(): Promise<void>;
};

type Pending = {
  job: SandboxJob;
  /** How often its process fell over, and how often it was ended by others, while this was rendered. */
  crashes: number;
  accidents: number;
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

/** A template that makes its process fall over gets a second try, in case it was not the template. */
const MAX_CRASHES = 2;
/** Whoever ends sandboxes from outside has to do it this often to one render before it is given up. */
const MAX_ACCIDENTS = 6;

/** How often the memory of all sandboxes together is looked at. */
const MEMORY_CHECK_MS = 100;

/** With every place taken, a client that has had one for this long hands it on between two of its renders. */
const TURN_MS = 250;

/** Creates the pool and starts its spares. */
export function createSandboxPool({
  starter,
  limits,
  onKill,
  onWait = () => {},
  readMemory,
  now = () => performance.now(),
}: SandboxPoolOptions): SandboxPool {
  const slots = new Map<string, Slot>();
  const places = createPlaces<Slot>({ size: limits.maxProcesses, end: endProcess, now });
  const supply = createSandboxSupply({ start: () => starter.start(), spares: limits.spares });
  let isClosed = false;

  const forget = (slot: Slot): void => {
    places.giveUp(slot);
    slots.delete(slot.key);
    places.grant();
  };

  const processOf = async (slot: Slot): Promise<SandboxProcess> => {
    const startedAt = now();
    await places.take(slot);
    if (isClosed) throw new Error('The engine is closed');
    if (slot.process?.isAlive === true) return slot.process;
    slot.process = await supply.take();
    onWait(now() - startedAt);
    return slot.process;
  };

  const renderOnce = async (slot: Slot, pending: Pending): Promise<SandboxOutcome> => {
    const sandbox = await processOf(slot);
    if (!(await starter.prepare(sandbox, pending.job.code))) return { kind: 'died', cause: 'outside' };
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
    if (!settleFailure(pending, outcome)) slot.queue.unshift(pending);
  };

  const work = async (slot: Slot): Promise<void> => {
    slot.isBusy = true;
    for (let pending = slot.queue.shift(); pending !== undefined; pending = slot.queue.shift()) {
      const [rendered] = await Promise.allSettled([renderNext(slot, pending)]);
      if (rendered.status === 'rejected') pending.reject(rendered.reason);
      const hasHadItsTurn = places.waiting() > 0 && now() - slot.placedAt > TURN_MS;
      if (!hasHadItsTurn) continue;
      places.giveUp(slot);
      places.grant();
    }
    slot.isBusy = false;
    slot.lastUsedAt = now();
    // whoever waits needs the place more than this client needs a warm process
    if (slot.process === null || places.waiting() > 0) forget(slot);
    else places.grant();
  };

  const endIdle = (): void => {
    for (const slot of slots.values())
      if (!slot.isBusy && now() - slot.lastUsedAt >= limits.idleMs) forget(slot);
  };

  const relieve = (): void =>
    relieveMemory({
      maxBytes: limits.maxTotalBytes,
      bytesOf: (sandbox) => readMemory(sandbox.pid) ?? 0,
      running: supply.running(),
      slots: places.taken(),
      endIdle: forget,
    });

  const timers = [
    setInterval(relieve, MEMORY_CHECK_MS).unref(),
    setInterval(endIdle, Math.max(limits.idleMs / 2, 10)).unref(),
  ];

  const slotOf = (key: string): Slot => {
    const slot = slots.get(key) ?? createSlot(key, now());
    slots.set(key, slot);
    return slot;
  };

  return {
    use: () => ({ size: limits.maxProcesses, used: places.taken().length, waiting: places.waiting() }),
    ready: () => supply.ready(),
    run(key, job) {
      if (isClosed) return Promise.reject(new Error('The engine is closed'));
      const slot = slotOf(key);
      return new Promise((resolve, reject) => {
        slot.queue.push({ job, crashes: 0, accidents: 0, resolve, reject });
        if (!slot.isBusy) void work(slot);
      });
    },
    async close() {
      isClosed = true;
      timers.forEach(clearInterval);
      for (const slot of slots.values()) refuseAll(slot);
      places.dismiss();
      await supply.close();
    },
  };
}

function createSlot(key: string, now: number): Slot {
  return { key, queue: [], process: null, isBusy: false, lastUsedAt: now, placedAt: 0 };
}

function endProcess(slot: Pick<Slot, 'process'>): void {
  slot.process?.kill();
  slot.process = null;
}

function refuseAll({ queue }: Slot): void {
  for (const pending of queue.splice(0)) pending.reject(new Error('The engine is closed'));
}

/** Counts the failure. True when that settled the render; false when it is to be tried again. */
function settleFailure(pending: Pending, outcome: Exclude<SandboxOutcome, { kind: 'answer' }>): boolean {
  const isAccident =
    outcome.kind === 'died' ? outcome.cause === 'outside' : outcome.reason === 'memory_together';
  if (isAccident) {
    pending.accidents += 1;
    if (pending.accidents < MAX_ACCIDENTS) return false;
    // not the template's failure: whoever asked may ask again later
    pending.reject(new Error('Sandbox processes are being ended from outside'));
    return true;
  }
  pending.crashes += 1;
  const isOwnLimit = outcome.kind === 'killed' && outcome.reason !== 'unresponsive';
  if (!isOwnLimit && pending.crashes < MAX_CRASHES) return false;
  pending.resolve(outcome);
  return true;
}
