const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;

export type StopOptions = {
  stop: () => Promise<void>;
  onStopping?: () => void;
  /** A stop that takes longer than this hangs on something that is gone: the process ends with 1. */
  deadlineMs: number;
};

/**
 * Waits for SIGINT or SIGTERM, then stops in order. A second signal ends the process at once: whoever sends it has
 * decided not to wait.
 */
export async function stopOnSignals({
  stop,
  onStopping = () => {},
  deadlineMs,
}: StopOptions): Promise<StopSignal> {
  const signal = await new Promise<StopSignal>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name));
  });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => process.exit(EXIT_CODES[name]));
  setTimeout(() => process.exit(1), deadlineMs).unref();
  onStopping();
  await stop();
  return signal;
}
