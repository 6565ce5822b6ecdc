import type { Mailer } from '../index.ts';

/** Says that something has happened to a message, so that it is worth looking. */
export type Bell = {
  /** Resolves once it has rung since the last time, and after `ms` at the latest. */
  heard(ms: number): Promise<void>;
  /** Lets go of the connection. */
  stop(): void;
};

/**
 * Hangs a bell on the stream of events. Where there can be no stream it never rings, which is no error: whoever waits looks now
 * and then anyway.
 *
 * @internal
 */
export function hangBell(mailer: Pick<Mailer, 'stream'>): Bell {
  const ended = new AbortController();
  let hasRung = false;
  let wake = (): void => {};

  const listen = async (): Promise<void> => {
    const events = mailer.stream({}, { signal: ended.signal })[Symbol.asyncIterator]();
    try {
      while (!(await events.next()).done) {
        hasRung = true;
        wake();
      }
    } catch {
      // It was stopped, or there is no stream to be had.
    }
  };
  void listen();

  return {
    async heard(ms) {
      if (!hasRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      hasRung = false;
    },
    stop: () => ended.abort(),
  };
}
