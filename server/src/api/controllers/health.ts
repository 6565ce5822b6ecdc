import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { codeOf } from '../../lib/db/connection-error.ts';
import { rejectAfter } from '../../lib/time-limit.ts';
import { OverloadError } from '../overload.ts';
import type { MailQueue } from '../../lib/queue/mail-queue.ts';

export type HealthDeps = {
  database: Database;
  queue: MailQueue;
  /** Throws while messages are refused under load, and while the process is about to stop. */
  assertOpen: () => void;
};

/** The process stops soon: what comes next should go to another. */
export class DrainingError extends Error {
  constructor() {
    super('This process is about to stop.');
    this.name = 'DrainingError';
  }
}

type Check = { isOk: boolean; reason: string | null };

/** `degraded` takes traffic: messages are kept, but nothing brings them further for now. */
type Readiness = 'ready' | 'degraded' | 'unready';

/**
 * `/healthz`: the process answers. `/readyz`: it can also accept (the database) and have messages processed (the queue). Only
 * the database makes it unready: without the queue messages are accepted all the same, and wait.
 */
export function healthController({ database, queue, assertOpen }: HealthDeps) {
  return new Elysia()
    .get('/healthz', () => ({ status: 'ok' as const }))
    .get('/readyz', async ({ status }) => {
      const [accept, queued] = await Promise.all([
        check(async () => {
          assertOpen();
          await database.ping();
        }),
        check(() => queue.ping()),
      ]);
      const process = queued.isOk ? queued : { isOk: false, reason: toQueueReason(queued, accept) };
      return status(accept.isOk ? 200 : 503, { status: toReadiness(accept, process), accept, process });
    });
}

function toReadiness(accept: Check, process: Check): Readiness {
  if (!accept.isOk) return 'unready';
  return process.isOk ? 'ready' : 'degraded';
}

function toQueueReason({ reason }: Check, accept: Check): string {
  return `queue: unreachable${accept.isOk ? '; accepting, messages wait' : ''} (${reason ?? 'no answer'})`;
}

const CHECK_TIMEOUT_MS = 2000;

async function check(ping: () => Promise<void>): Promise<Check> {
  try {
    await rejectAfter(CHECK_TIMEOUT_MS, ping());
    return { isOk: true, reason: null };
  } catch (error) {
    if (error instanceof OverloadError || error instanceof DrainingError)
      return { isOk: false, reason: error.message };
    // Nobody has shown a key here: the code says enough to an operator, and the driver's own text may say too much.
    return { isOk: false, reason: `does not answer (${codeOf(error) ?? 'no code'})` };
  }
}
