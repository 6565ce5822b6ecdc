const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type StopSignal = keyof typeof EXIT_CODES;

/**
 * Waits for SIGINT or SIGTERM, then stops in order. A second signal ends the process at once: whoever sends it has
 * decided not to wait.
 */
export async function stopOnSignals(
  stop: () => Promise<void>,
  onStopping: () => void = () => {},
): Promise<StopSignal> {
  const signal = await new Promise<StopSignal>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name));
  });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => process.exit(EXIT_CODES[name]));
  onStopping();
  await stop();
  return signal;
}
