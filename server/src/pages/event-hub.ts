/** Events for every page that listens. */
export type EventHub = {
  /** The answer to a page that wants to listen. */
  subscribe(): Response;
  send(event: string, data: unknown): void;
  /** Ends every stream, which would otherwise be requests without end. */
  close(): void;
};

/** Often enough for a dead connection to be noticed and for nothing in between to think it idle. */
const KEEP_ALIVE_MS = 20_000;

const encoder = new TextEncoder();

/** Server-sent events without memory: who reconnects loads what there is. */
export function createEventHub(): EventHub {
  const listeners = new Set<ReadableStreamDefaultController<Uint8Array>>();
  let timer: ReturnType<typeof setInterval> | null = null;
  const write = (text: string): void => {
    const bytes = encoder.encode(text);
    for (const listener of listeners) listener.enqueue(bytes);
  };
  const remove = (listener: ReadableStreamDefaultController<Uint8Array>): void => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
  return {
    subscribe() {
      let own: ReadableStreamDefaultController<Uint8Array> | null = null;
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          own = controller;
          listeners.add(controller);
          timer ??= setInterval(() => write(': still here\n\n'), KEEP_ALIVE_MS);
          controller.enqueue(encoder.encode('retry: 500\n\n'));
        },
        cancel() {
          if (own) remove(own);
        },
      });
      return new Response(stream, {
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
      });
    },
    send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    close() {
      for (const listener of listeners) {
        remove(listener);
        listener.close();
      }
    },
  };
}
