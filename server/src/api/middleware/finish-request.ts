import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { contextOf, idsOf } from './request-context.ts';

export type FinishedRequest = {
  request: Request;
  /** As it is declared, such as `/v1/messages/:id`; missing or empty where there is none, whatever the framework's types say. */
  route: string | undefined;
  status: number;
  metrics: Pick<Metrics, 'requestTime'>;
  logger: Logger;
};

/** Whatever a caller sends as its method, a series has one of these. */
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Measures a request that was answered, ends its span, and tells of it where somebody looks that closely. */
export function finishRequest({
  request,
  route: declared = '',
  status,
  metrics,
  logger,
}: FinishedRequest): void {
  const { startedAt, trace } = contextOf(request);
  const method = METHODS.includes(request.method) ? request.method : '_OTHER';
  // A group's own route is declared with a slash that its document and its callers leave out.
  const route = declared.length > 1 && declared.endsWith('/') ? declared.slice(0, -1) : declared;
  const durationMs = performance.now() - startedAt;
  metrics.requestTime.record(durationMs, { method, route, status });
  trace.rename(`${method} ${route}`.trim());
  trace.set({ 'http.request.method': method, 'http.route': route, 'http.response.status_code': status });
  trace.end(status >= 500 ? String(status) : null);
  if (!logger.isLevelEnabled('debug')) return;
  logger.debug({ ...idsOf(request), method, route, status, ms: Math.round(durationMs) }, 'a request ended');
}
