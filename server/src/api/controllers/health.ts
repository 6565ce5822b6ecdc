import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
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
    await Promise.race([ping(), rejectAfter(CHECK_TIMEOUT_MS)]);
    return { isOk: true, reason: null };
  } catch (error) {
    // The driver's message may hold an address, never a credential; without one its kind must do.
    return { isOk: false, reason: error instanceof Error && error.message ? error.message : 'no answer' };
  }
}

function rejectAfter(ms: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms).unref();
  });
}
