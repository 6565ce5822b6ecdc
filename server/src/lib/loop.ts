export type LoopOptions = {
  /** How long to wait after a turn that failed. */
  retryMs: number;
  onError: (error: unknown) => void;
};

export type Loop = {
  /** Ends the waiting, and waits for a turn under way. Safe to call twice. */
  stop(): Promise<void>;
};

/** Repeats a turn, each after the pause that the one before asked for, until stopped; the first comes at once. */
export function startLoop(turn: () => Promise<number>, { retryMs, onError }: LoopOptions): Loop {
  let isStopped = false;
  let wake = () => {};

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      // What is repeated in the background keeps no process alive.
      timer.unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const runTurn = async (): Promise<number> => {
    try {
      return await turn();
    } catch (error) {
      onError(error);
      return retryMs;
    }
  };

  const run = async () => {
    while (!isStopped) {
      const pauseMs = await runTurn();
      if (!isStopped) await pause(pauseMs);
    }
  };

  const running = run();
  return {
    async stop() {
      isStopped = true;
      wake();
      await running;
    },
  };
}
