import type { PoolUse } from '../telemetry/metrics.ts';
import type { SmtpSession } from './smtp-session.ts';

export type SmtpPoolOptions = {
  open: (signal: AbortSignal) => Promise<SmtpSession>;
  maxConnections: number;
  /** Messages after which a connection is closed and replaced. */
  maxMessages: number;
  /** How long a connection waits for its next message before it says goodbye. */
  idleTimeoutMs: number;
};

/**
 * Keeps connections to one relay open between messages. It never sends or retries anything: nodemailer's own pool puts
 * a message back into its queue when a connection closes, which decides behind the caller's back.
 */
export type SmtpPool = {
  /**
   * Waits for a free place, then gives the connection used last or opens one.
   *
   * @throws what opening threw, or the signal's reason
   */
  borrow(signal: AbortSignal): Promise<SmtpSession>;
  /** Swaps a borrowed connection that turned out dead for a new one, and lets go of idle ones, which are no better. */
  replace(stale: SmtpSession, signal: AbortSignal): Promise<SmtpSession>;
  /** Takes a borrowed connection back; a closed or worn out one makes room for another. */
  giveBack(session: SmtpSession): void;
  use(): PoolUse;
  /** Closes idle connections and, when they come back, borrowed ones. */
  close(): Promise<void>;
};

/** Creates an empty pool; it connects when the first message needs it. */
export function createSmtpPool({
  open,
  maxConnections,
  maxMessages,
  idleTimeoutMs,
}: SmtpPoolOptions): SmtpPool {
  const places = createPlaces(maxConnections);
  const idle = new Map<SmtpSession, ReturnType<typeof setTimeout>>();
  let isClosed = false;

  function takeIdle(session: SmtpSession): void {
    clearTimeout(idle.get(session));
    idle.delete(session);
  }

  function retire(session: SmtpSession): Promise<void> {
    takeIdle(session);
    return session.quit();
  }

  async function forgetWhenEnded(session: SmtpSession): Promise<void> {
    await session.ended;
    takeIdle(session);
  }

  async function openInPlace(signal: AbortSignal): Promise<SmtpSession> {
    try {
      const session = await open(signal);
      void forgetWhenEnded(session);
      return session;
    } catch (error) {
      places.give();
      throw error;
    }
  }

  return {
    async borrow(signal) {
      await places.take(signal);
      const session = [...idle.keys()].at(-1);
      if (!session) return openInPlace(signal);
      takeIdle(session);
      return session;
    },
    replace(stale, signal) {
      stale.destroy();
      for (const session of idle.keys()) void retire(session);
      return openInPlace(signal);
    },
    giveBack(session) {
      if (isClosed || session.sentCount >= maxMessages) void session.quit();
      else if (session.isOpen)
        idle.set(
          session,
          setTimeout(() => void retire(session), idleTimeoutMs),
        );
      places.give();
    },
    use: () => ({ size: maxConnections, ...places.use() }),
    async close() {
      isClosed = true;
      await Promise.all([...idle.keys()].map(retire));
    },
  };
}

/** A counted lock with a queue: first come, first served. */
function createPlaces(count: number): {
  take(signal: AbortSignal): Promise<void>;
  give(): void;
  use(): Omit<PoolUse, 'size'>;
} {
  let free = count;
  const waiting = new Set<() => void>();
  return {
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => {
          waiting.delete(proceed);
          reject(signal.reason);
        };
        const proceed = () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
        waiting.add(proceed);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    },
    use: () => ({ used: count - free, waiting: waiting.size }),
    give() {
      const [next] = waiting;
      if (!next) {
        free += 1;
        return;
      }
      waiting.delete(next);
      next();
    },
  };
}
