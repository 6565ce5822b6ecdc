import { codeOf } from '../lib/db/connection-error.ts';
import type { Database } from '../lib/db/database.ts';
import type { ProviderRouter } from '../lib/providers/router.ts';
import type { MailQueue } from '../lib/queue/mail-queue.ts';
import { isBearer } from '../lib/telemetry/bearer.ts';
import { PROMETHEUS_CONTENT_TYPE } from '../lib/telemetry/prometheus-content-type.ts';
import type { Scrape } from '../lib/telemetry/telemetry.ts';
import { rejectAfter } from '../lib/time-limit.ts';

export type HealthOptions = {
  host: string;
  /** 0 picks a free one. */
  port: number;
  database: Pick<Database, 'ping'>;
  queue: Pick<MailQueue, 'ping'>;
  router: Pick<ProviderRouter, 'states'>;
  scrape: Scrape | null;
  /** What a reader of /metrics must show; null for nothing. */
  metricsToken: string | null;
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
 * database and the queue; a provider that is out of order is shown, and is no reason to restart anything. `/metrics`: what it has
 * measured, as Prometheus reads it.
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
      '/metrics': { GET: (request) => answerMetrics(deps, request) },
    },
    fetch: () => new Response(null, { status: 404 }),
  });
  return {
    port: server.port ?? port,
    stop: () => server.stop(true),
  };
}

async function answerMetrics(
  { scrape, metricsToken }: Pick<HealthOptions, 'scrape' | 'metricsToken'>,
  request: Request,
): Promise<Response> {
  if (scrape === null) return new Response(null, { status: 404 });
  if (metricsToken !== null && !isBearer(request, metricsToken))
    return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer' } });
  return new Response(await scrape(), { headers: { 'content-type': PROMETHEUS_CONTENT_TYPE } });
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
