import { codeOf } from '../lib/db/connection-error.ts';
import type { Database } from '../lib/db/database.ts';
import type { ProviderRouter } from '../lib/providers/router.ts';
import type { MailQueue } from '../lib/queue/mail-queue.ts';
import { rejectAfter } from '../lib/time-limit.ts';

export type HealthOptions = {
  host: string;
  /** 0 picks a free one. */
  port: number;
  database: Pick<Database, 'ping'>;
  queue: Pick<MailQueue, 'ping'>;
  router: Pick<ProviderRouter, 'states'>;
};

export type HealthServer = {
  /** The port that was really taken. */
  readonly port: number;
  stop(): Promise<void>;
};

type Check = { isOk: boolean; reason: string | null };

const CHECK_TIMEOUT_MS = 2000;

/**
 * Answers an orchestrator's questions to a worker. `/healthz`: the process is up. `/readyz`: it can process, which takes the
 * database and the queue; a provider that is out of order is shown, and is no reason to restart anything.
 *
 * @throws Error with `code` EADDRINUSE where the port is taken
 */
export function startHealthServer({ host, port, ...deps }: HealthOptions): HealthServer {
  const server = Bun.serve({
    hostname: host,
    port,
    routes: {
      '/healthz': { GET: () => Response.json({ status: 'ok' }) },
      '/readyz': { GET: () => answerReadiness(deps) },
    },
    fetch: () => new Response(null, { status: 404 }),
  });
  return {
    port: server.port ?? port,
    stop: () => server.stop(true),
  };
}

async function answerReadiness({
  database,
  queue,
  router,
}: Pick<HealthOptions, 'database' | 'queue' | 'router'>): Promise<Response> {
  const [databaseCheck, queueCheck] = await Promise.all([check(database), check(queue)]);
  const isReady = databaseCheck.isOk && queueCheck.isOk;
  const providers = router.states().map(({ name, breaker }) => ({ name, breaker: breaker.kind }));
  return Response.json(
    { status: isReady ? 'ready' : 'unready', database: databaseCheck, queue: queueCheck, providers },
    { status: isReady ? 200 : 503 },
  );
}

/** Nobody has shown a key here: the code says enough to an operator, and the driver's own text may say too much. */
async function check({ ping }: { ping: () => Promise<void> }): Promise<Check> {
  try {
    await rejectAfter(CHECK_TIMEOUT_MS, ping());
    return { isOk: true, reason: null };
  } catch (error) {
    return { isOk: false, reason: `does not answer (${codeOf(error) ?? 'no code'})` };
  }
}
