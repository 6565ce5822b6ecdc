import type { SandboxProcess } from './sandbox-process.ts';

export type SandboxSupply = {
  /** Gives a warm process away, started ahead where there is one. Throws when it cannot be started. */
  take(): Promise<SandboxProcess>;
  /** Resolves when the first spare is ready; throws when it does not start. */
  ready(): Promise<void>;
  /** Ends every process, also those that were given away, and resolves when they are gone. */
  close(): Promise<void>;
};

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
    while (!isClosed && spares.length < spareCount) spares.push(begin());
  };

  refill();
  return {
    async ready() {
      await spares[0];
    },
    async take() {
      const spare = spares.shift() ?? begin();
      refill();
      const sandbox = await spare;
      // a spare may have been ended from outside while it waited
      return sandbox.isAlive ? sandbox : begin();
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
