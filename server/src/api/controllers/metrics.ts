import { Elysia } from 'elysia';
import { isBearer } from '../../lib/telemetry/bearer.ts';
import { PROMETHEUS_CONTENT_TYPE } from '../../lib/telemetry/prometheus-content-type.ts';
import type { Scrape } from '../../lib/telemetry/telemetry.ts';
import { ApiError } from '../problems/problem.ts';

export type MetricsDeps = { scrape: Scrape | null; token: string | null };

/**
 * `/metrics`, as Prometheus reads it. Where this port is open to the world so would the figures be: without a token there
 * is nothing here.
 */
export function metricsController({ scrape, token }: MetricsDeps) {
  return new Elysia().get('/metrics', async ({ request }) => {
    if (scrape === null || token === null)
      throw new ApiError('not_found', 'METRICS_TOKEN is not set on this server.');
    if (!isBearer(request, token))
      throw new ApiError('unauthenticated', 'Show METRICS_TOKEN as Authorization: Bearer ...', {
        headers: { 'www-authenticate': 'Bearer' },
      });
    return new Response(await scrape(), { headers: { 'content-type': PROMETHEUS_CONTENT_TYPE } });
  });
}
