import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { codeOf } from '../../lib/db/connection-error.ts';
import { rejectAfter } from '../../lib/time-limit.ts';
import { OverloadError } from '../accepting/overload.ts';
import type { ProviderBoard } from '../../lib/providers/provider-board.ts';
import type { MailQueue } from '../../lib/queue/mail-queue.ts';

export type HealthDeps = {
  database: Database;
  queue: MailQueue;
  /** What workers that are alive say of themselves. */
  board: Pick<ProviderBoard, 'read'>;
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
 * `/healthz`: the process answers. `/readyz`: it can also accept (the database) and have messages processed (the queue, and
 * a worker). Only the database makes it unready: without the others messages are accepted all the same, and wait.
 */
export function healthController({ database, queue, board, assertOpen }: HealthDeps) {
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
      const process = queued.isOk
        ? await checkWorkers(board)
        : { isOk: false, reason: toQueueReason(queued, accept) };
      return status(accept.isOk ? 200 : 503, { status: toReadiness(accept, process), accept, process });
    });
}

async function checkWorkers(board: HealthDeps['board']): Promise<Check> {
  const found = await check(async () => {
    if ((await board.read()).length === 0) throw new NoWorkerError();
  });
  return found.isOk ? found : { isOk: false, reason: `${found.reason ?? ''}; messages wait` };
}

class NoWorkerError extends Error {
  constructor() {
    super('no worker is alive');
    this.name = 'NoWorkerError';
  }
}

function toReadiness(accept: Check, process: Check): Readiness {
  if (!accept.isOk) return 'unready';
  return process.isOk ? 'ready' : 'degraded';
}

function toQueueReason({ reason }: Check, accept: Check): string {
  return `queue: unreachable${accept.isOk ? '; accepting, messages wait' : ''} (${reason ?? 'no answer'})`;
}

const CHECK_TIMEOUT_MS = 2000;

/** What says itself, in words for everybody. */
const MEANT = [OverloadError, DrainingError, NoWorkerError];

async function check(ping: () => Promise<void>): Promise<Check> {
  try {
    await rejectAfter(CHECK_TIMEOUT_MS, ping());
    return { isOk: true, reason: null };
  } catch (error) {
    if (error instanceof Error && MEANT.some((kind) => error instanceof kind))
      return { isOk: false, reason: error.message };
    // Nobody has shown a key here: the code says enough to an operator, and the driver's own text may say too much.
    return { isOk: false, reason: `does not answer (${codeOf(error) ?? 'no code'})` };
  }
}
