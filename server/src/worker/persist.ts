import { LeaseLostError } from '../lib/db/deliveries-types.ts';

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2000;

export type PersistOptions = {
  /** Once it answers true another try could not be trusted any more. */
  isOver: () => boolean;
  onRetry: (error: unknown) => void;
  /** Injected, so that tests need not wait. */
  pause?: (ms: number) => Promise<void>;
};

/**
 * Writes until it is written. What a provider answered exists nowhere else: given up after a hiccup of the database, a mail that was
 * accepted would be `unknown` for good.
 *
 * @throws LeaseLostError at once, and the last error when it is over
 */
export async function persist<T>(
  write: () => Promise<T>,
  { isOver, onRetry, pause = Bun.sleep }: PersistOptions,
): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    try {
      return await write();
    } catch (error) {
      if (error instanceof LeaseLostError || isOver()) throw error;
      onRetry(error);
    }
    await pause(pauseMs);
  }
}
