import type { ProviderBoard } from '../lib/providers/provider-board.ts';
import type { ProviderRouter } from '../lib/providers/router.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import { startLoop } from '../lib/loop.ts';

export type ReporterOptions = {
  board: ProviderBoard;
  router: Pick<ProviderRouter, 'states'>;
  logger: Logger;
  /** Who we are among the workers; random by default. */
  worker?: string;
};

/** People look, nothing decides by it: seconds are fresh enough. */
const PAUSE_MS = 3000;

/** Hangs out how the providers of this worker are, again and again, and takes it down when it stops. */
export function startProviderReporter({
  board,
  router,
  logger,
  worker = Bun.randomUUIDv7(),
}: ReporterOptions): { stop(): Promise<void> } {
  const onError = (error: unknown) => logger.debug({ err: error }, 'the state of providers is not reported');
  const report = async () => {
    await board.publish(worker, router.states());
    return PAUSE_MS;
  };
  const loop = startLoop(report, { retryMs: PAUSE_MS, onError });
  return {
    async stop() {
      await loop.stop();
      try {
        await board.remove(worker);
      } catch (error) {
        onError(error);
      }
    },
  };
}
