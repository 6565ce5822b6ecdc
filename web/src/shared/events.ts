import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/** Whether the server is there to be listened to. */
export const connection = signal<'connecting' | 'open' | 'lost'>('connecting');

/** What is done with each kind of event; data is parsed JSON. */
export type EventHandlers = Readonly<Record<string, (data: unknown) => void>>;

/**
 * Listens to a stream of events for as long as the component is there. The browser reconnects by itself; `onReconnect` is
 * where what was missed meanwhile is loaded again.
 */
export function useEvents(url: string | null, handlers: EventHandlers, onReconnect?: () => void): void {
  // The latest handlers without a new connection at each change of state.
  const current = useRef({ handlers, onReconnect });
  current.current = { handlers, onReconnect };
  const names = Object.keys(handlers).join(',');
  useEffect(() => {
    if (url === null) return;
    const source = new EventSource(url);
    let wasLost = false;
    source.addEventListener('open', () => {
      connection.value = 'open';
      if (wasLost) current.current.onReconnect?.();
      wasLost = false;
    });
    source.addEventListener('error', () => {
      connection.value = 'lost';
      wasLost = true;
    });
    for (const name of names.split(',')) {
      source.addEventListener(name, (event) => current.current.handlers[name]?.(JSON.parse(event.data)));
    }
    return () => source.close();
  }, [url, names]);
}
