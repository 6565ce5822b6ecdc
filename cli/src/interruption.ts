import { EXIT } from './exit-code.ts';

const cleanUps = new Set<() => void>();
let stop: (() => void) | null = null;

/** Has something taken away should the command be interrupted meanwhile. Returns how to forget about it. */
export function onInterrupt(cleanUp: () => void): () => void {
  cleanUps.add(cleanUp);
  return () => cleanUps.delete(cleanUp);
}

/** Ends the process at once for Ctrl-C and SIGTERM, after what was begun has been taken away. */
export function startInterruptions(): void {
  const interrupt = () => end(EXIT.interrupted);
  const terminate = () => end(143);
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', terminate);
  stop = () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', terminate);
  };
}

/** Ends the process without a word where nobody reads its answer any more, as `mailctl ... | head` does. */
export function endWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    end(EXIT.done);
  });
}

/** For a command that ends by itself when it is told to. */
export function stopInterruptions(): void {
  stop?.();
  stop = null;
}

function end(code: number): void {
  for (const cleanUp of cleanUps) cleanUp();
  process.exit(code);
}

/** Ctrl-C as a wish: for work that has to be taken back before the command may end. */
export type DeferredInterrupts = { readonly signal: AbortSignal; restore(): void };

/** Until `restore`, Ctrl-C aborts the signal and nothing else; a second one ends the process as ever. */
export function deferInterrupts(): DeferredInterrupts {
  stopInterruptions();
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) end(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    restore() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      startInterruptions();
    },
  };
}
