import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { codeOf } from '../../lib/db/connection-error.ts';
import { rejectAfter } from '../../lib/time-limit.ts';
import type { MailQueue } from '../../lib/queue/mail-queue.ts';

export type HealthDeps = { database: Database; queue: MailQueue };

type Check = { isOk: boolean; reason: string | null };

/**
 * `/healthz`: the process answers. `/readyz`: it can also accept (the database) and have messages processed (the queue). Only
 * the database makes it unready: without the queue messages are accepted all the same, and wait.
 */
export function healthController({ database, queue }: HealthDeps) {
  return new Elysia()
    .get('/healthz', () => ({ status: 'ok' as const }))
    .get('/readyz', async ({ status }) => {
      const [accept, process] = await Promise.all([check(() => database.ping()), check(() => queue.ping())]);
      return status(accept.isOk ? 200 : 503, { accept, process });
    });
}

const CHECK_TIMEOUT_MS = 2000;

async function check(ping: () => Promise<void>): Promise<Check> {
  try {
    await rejectAfter(CHECK_TIMEOUT_MS, ping());
    return { isOk: true, reason: null };
  } catch (error) {
    // Nobody has shown a key here: the code says enough to an operator, and the driver's own text may say too much.
    return { isOk: false, reason: `does not answer (${codeOf(error) ?? 'no code'})` };
  }
}
