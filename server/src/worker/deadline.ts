/** A signal that fires at a time or with another signal, whichever is first. */
export type Deadline = { readonly signal: AbortSignal; clear(): void };

/**
 * As `AbortSignal.any([signal, AbortSignal.timeout(ms)])`, without what those leave to the garbage collector: `clear` it when
 * the work is done. Its reason is a `TimeoutError` or the other signal's.
 */
export function createDeadline(signal: AbortSignal, timeoutMs: number): Deadline {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  const expire = () => controller.abort(new DOMException('The time for this was over', 'TimeoutError'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(expire, Math.max(timeoutMs, 0));
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}
