import { Elysia, NotFoundError, ParseError, ValidationError } from 'elysia';
import { allowedMethods } from './allowed-methods.ts';
import type { Config } from '../config.ts';
import { isConnectionError } from '../lib/db/connection-error.ts';
import type { Engine } from '../lib/engine/engine.ts';
import type { Profile } from '../lib/profile.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { toTraceparent } from '../lib/telemetry/trace-context.ts';
import { clientsController } from './controllers/clients.ts';
import { deadLettersController } from './controllers/dead-letters.ts';
import { healthController } from './controllers/health.ts';
import { inboxController } from './controllers/inbox.ts';
import { messageActionsController } from './controllers/message-actions.ts';
import { messagesController } from './controllers/messages.ts';
import { suppressionsController } from './controllers/suppressions.ts';
import { templatesController } from './controllers/templates.ts';
import { CALLBACK_PREFIX, MAX_CALLBACK_BYTES, webhooksController } from './controllers/webhooks.ts';
import { createAuthenticator } from './middleware/authenticate.ts';
import { readBytes, readJsonBody } from './middleware/json-body.ts';
import { assertLocal } from './middleware/local-only.ts';
import { contextOf } from './middleware/request-context.ts';
import { ApiError, toProblemResponse } from './problem.ts';

export type ApiDeps = { config: Config; profile: Profile; engine: Engine; logger: Logger; metrics: Metrics };

/** Long enough for a database that restarts, in seconds. */
const RETRY_AFTER_S = '2';

/** The API's type, from which the SDK derives every request and answer. */
export type App = ReturnType<typeof createApp>;

export type { ProblemCode } from './problem.ts';

/** Composes the HTTP API; it listens only once it is started. */
export function createApp({ config, profile, engine, logger, metrics }: ApiDeps) {
  const { database } = profile;
  const queue = profile.queue.queue;
  const authenticator = createAuthenticator({
    db: database.db,
    adminApiKey: config.adminApiKey,
    now: () => new Date(),
  });
  const app = new Elysia({ normalize: false })
    .onRequest(({ request, set }) => {
      const { requestId, trace } = contextOf(request);
      set.headers['x-request-id'] = requestId;
      set.headers.traceparent = toTraceparent(trace);
      if (config.role === 'DEV') assertLocal(request);
    })
    .onParse({ as: 'global' }, async ({ request, route }) => {
      // A callback has no key but a signature over its very bytes.
      if (route.startsWith(CALLBACK_PREFIX)) return readBytes(request, MAX_CALLBACK_BYTES);
      // Before the body is read: an unknown caller may not make us read one.
      await authenticator.identify(request);
      return readJsonBody(request, config.maxBodyBytes);
    })
    .onError({ as: 'global' }, ({ error, request, set }) => {
      const { requestId, trace } = contextOf(request);
      const problem = error instanceof NotFoundError ? toNoRoute(app.routes, request) : toApiError(error);
      if (problem.code === 'internal_error') {
        logger.error({ err: error, request_id: requestId, trace_id: trace.traceId }, 'a request failed');
      }
      const response = toProblemResponse(problem, requestId);
      set.status = response.status;
      response.headers.set('x-request-id', requestId);
      response.headers.set('traceparent', toTraceparent(trace));
      return response;
    })
    .onAfterResponse({ as: 'global' }, ({ request, route, set }) => {
      const durationMs = performance.now() - contextOf(request).startedAt;
      metrics.requestMs.record(durationMs, {
        method: request.method,
        route,
        status: Number(set.status ?? 200),
      });
    })
    .use(healthController({ database, queue }))
    .use(messagesController({ config, database, queue, engine, authenticator, logger, metrics }))
    .use(messageActionsController({ database, queue, authenticator, logger }))
    .use(deadLettersController({ database, queue, authenticator, logger }))
    .use(suppressionsController({ database, authenticator, logger }))
    .use(templatesController({ database, engine, authenticator }))
    .use(clientsController({ database, authenticator }))
    .use(inboxController({ database, authenticator }))
    .use(
      webhooksController({
        database,
        logger,
        metrics,
        topicArns: config.sesSnsTopicArns,
        providers: config.providers,
      }),
    );
  return app;
}

/** Never the error's own text, unless it was written for the caller: others may quote the request or the database. */
function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ValidationError) return toInvalidRequest(error);
  if (error instanceof NotFoundError)
    return new ApiError('not_found', 'There is no such route; see docs/api.md.');
  // What our own body reader throws arrives wrapped.
  if (error instanceof ParseError) return toApiError(error.cause);
  if (isConnectionError(error)) {
    return new ApiError(
      'service_unavailable',
      'The database cannot be reached; nothing was stored. Try again.',
      {
        headers: { 'retry-after': RETRY_AFTER_S },
      },
    );
  }
  return new ApiError('internal_error', 'The cause is in our log under this request id.');
}

function toNoRoute(routes: Parameters<typeof allowedMethods>[0], request: Request): ApiError {
  const methods = allowedMethods(routes, new URL(request.url).pathname);
  if (methods.length === 0) return new ApiError('not_found', 'There is no such route.');
  return new ApiError('method_not_allowed', `This route has ${methods.join(', ')}.`, {
    headers: { allow: methods.join(', ') },
  });
}

function toInvalidRequest(error: ValidationError): ApiError {
  const errors = new Map<string, string>();
  for (const problem of error.all) {
    if (!('path' in problem)) continue;
    const { path, message, schema } = problem;
    // A schema's description says what is expected in plain words; the checker's message is for its authors.
    if (!errors.has(path))
      errors.set(path, typeof schema?.description === 'string' ? schema.description : message);
  }
  return new ApiError('invalid_request', 'The request does not have the right shape.', {
    errors: [...errors].map(([path, message]) => ({ path, message })),
  });
}
