import { type Mailer, MailError, type StreamEvent } from '@org/mail-sdk';
import { useEffect, useRef } from 'preact/hooks';
import { connection } from './events.ts';
import { forgetKey } from './key-gate.tsx';

/** Of many events at once one look is enough. */
const QUIET_MS = 120;

/**
 * Calls `onNews` soon after anything happened to a message that `isWanted` wants, and when the person comes back to the page. What
 * happened while the connection was lost is told when it is back.
 */
export function useLive(api: Mailer, isWanted: (event: StreamEvent) => boolean, onNews: () => void): void {
  const current = useRef({ isWanted, onNews });
  current.current = { isWanted, onNews };
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        current.current.onNews();
      }, QUIET_MS);
    };
    void listen(api, signal, (event) => {
      if (current.current.isWanted(event)) tell();
    });
    addEventListener('focus', tell, { signal });
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [api]);
}

async function listen(api: Mailer, signal: AbortSignal, take: (event: StreamEvent) => void): Promise<void> {
  try {
    for await (const event of api.stream({}, { signal })) take(event);
  } catch (error) {
    if (signal.aborted) return;
    // Whatever may pass was tried again already.
    if (isRefusal(error)) forgetKey();
    else connection.value = 'lost';
  }
}

/** Whether the service does not know this key. */
export function isRefusal(error: unknown): boolean {
  return error instanceof MailError && error.status === 401;
}
