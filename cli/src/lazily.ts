/** Loads a command's work when it runs, so that no command waits for what the others need. */
export function lazily<Args extends unknown[]>(
  load: () => Promise<(...args: Args) => Promise<void>>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    const work = await load();
    await work(...args);
  };
}
