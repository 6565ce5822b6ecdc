import type { SandboxProcess } from './sandbox-process.ts';

export type SandboxSupply = {
  /** Gives a warm process away, started ahead where there is one. Throws when it cannot be started. */
  take(): Promise<SandboxProcess>;
  /** Every process that runs, spares and those that were given away. */
  running(): SandboxProcess[];
  /** Resolves when the first spare is ready; throws when it does not start. */
  ready(): Promise<void>;
  /** Ends every process, also those that were given away, and resolves when they are gone. */
  close(): Promise<void>;
};

/** So often is a process started for one that is asked for, when others end before they can be used. */
const MAX_STARTS = 4;

/** Creates the supply and starts its spares. */
export function createSandboxSupply({
  start,
  spares: spareCount,
}: {
  start: () => Promise<SandboxProcess>;
  spares: number;
}): SandboxSupply {
  const processes = new Set<SandboxProcess>();
  const starting = new Set<Promise<SandboxProcess>>();
  let spares: Promise<SandboxProcess>[] = [];
  let isClosed = false;

  const forgetWhenGone = async (sandbox: SandboxProcess): Promise<void> => {
    await sandbox.exited;
    processes.delete(sandbox);
  };

  const startOne = async (): Promise<SandboxProcess> => {
    const sandbox = await start();
    processes.add(sandbox);
    void forgetWhenGone(sandbox);
    if (isClosed) sandbox.kill();
    return sandbox;
  };

  /** Also keeps a spare that fails before anyone waits for it from being an unhandled rejection. */
  const forgetWhenStarted = async (started: Promise<SandboxProcess>): Promise<void> => {
    await Promise.allSettled([started]);
    starting.delete(started);
  };

  const begin = (): Promise<SandboxProcess> => {
    const started = startOne();
    starting.add(started);
    void forgetWhenStarted(started);
    return started;
  };

  const refill = (): void => {
    while (!isClosed && spares.length < spareCount) {
      const spare = begin();
      spares.push(spare);
      void replaceWhenGone(spare);
    }
  };

  /** A spare may be ended from outside while it waits: the next mail should find another, not its place. */
  const replaceWhenGone = async (spare: Promise<SandboxProcess>): Promise<void> => {
    const [started] = await Promise.allSettled([spare]);
    // what does not even start is tried again when somebody needs it, not for ever
    if (started.status === 'rejected') return;
    await started.value.exited;
    const index = spares.indexOf(spare);
    if (index === -1) return;
    spares.splice(index, 1);
    refill();
  };

  refill();
  return {
    async ready() {
      await spares[0];
    },
    running: () => [...processes],
    async take() {
      // each may have been ended from outside while it waited, or while it started
      for (let attempt = 1; ; attempt += 1) {
        const spare = spares.shift() ?? begin();
        // starting a process takes milliseconds, which whoever waits for this one need not wait for
        setImmediate(refill);
        const [started] = await Promise.allSettled([spare]);
        if (started.status === 'fulfilled' && started.value.isAlive) return started.value;
        if (!isClosed && attempt < MAX_STARTS) continue;
        throw started.status === 'rejected'
          ? started.reason
          : new Error('Every sandbox was ended from outside');
      }
    },
    async close() {
      isClosed = true;
      spares = [];
      for (const sandbox of processes) sandbox.kill();
      // those that are still starting end themselves once they have
      await Promise.allSettled(starting);
      await Promise.all([...processes].map((sandbox) => sandbox.exited));
    },
  };
}
