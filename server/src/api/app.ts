import { Elysia, NotFoundError } from 'elysia';
import { allowedMethods } from './allowed-methods.ts';
import type { Config } from '../config.ts';
import type { Engine } from '../lib/engine/engine.ts';
import type { Profile } from '../lib/profile.ts';
import { createCallbackAdapters } from '../lib/providers/callback-adapters.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Telemetry } from '../lib/telemetry/telemetry.ts';
import { toTraceparent } from '../lib/telemetry/trace-context.ts';
import { clientsController } from './controllers/clients.ts';
import { deadLettersController } from './controllers/dead-letters.ts';
import { docsController } from './controllers/docs.ts';
import { DrainingError, healthController } from './controllers/health.ts';
import { inboxController } from './controllers/inbox.ts';
import { keysController } from './controllers/keys.ts';
import { messageActionsController } from './controllers/message-actions.ts';
import { ACCEPTING_ROUTES, messagesController } from './controllers/messages.ts';
import { metricsController } from './controllers/metrics.ts';
import { providersController } from './controllers/providers.ts';
import { queueController } from './controllers/queue.ts';
import { recipientsController } from './controllers/recipients.ts';
import { statsController } from './controllers/stats.ts';
import { streamController } from './controllers/stream.ts';
import { suppressionsController } from './controllers/suppressions.ts';
import { templatesController } from './controllers/templates.ts';
import { unsubscribeController } from './controllers/unsubscribe.ts';
import { webhookEndpointsController } from './controllers/webhook-endpoints.ts';
import { CALLBACK_PREFIX, MAX_CALLBACK_BYTES, webhooksController } from './controllers/webhooks.ts';
import { whoamiController } from './controllers/whoami.ts';
import { assertDecodablePath } from './middleware/decodable-path.ts';
import { ReplayedAnswer } from './middleware/idempotency.ts';
import { readBytes, readJsonBody } from './middleware/json-body.ts';
import { assertLocal } from './middleware/local-only.ts';
import { finishRequest } from './middleware/finish-request.ts';
import { contextOf, idsOf } from './middleware/request-context.ts';
import { OverloadError } from './accepting/overload.ts';
import type { DocumentedRoute } from './openapi/described-operation.ts';
import { ApiError, toProblemResponse } from './problems/problem.ts';
import { type ApiTimes, createServices } from './services.ts';
import { toApiError } from './problems/to-api-error.ts';
import { readUnsubscribeForm } from './unsubscribe/form.ts';

export type ApiDeps = {
  config: Config;
  profile: Profile;
  engine: Engine;
  logger: Logger;
  telemetry: Telemetry;
  /** Other times than those of a service, for tests. */
  times?: ApiTimes;
};

/** The API's type, from which the SDK derives every request and answer. */
export type App = ReturnType<typeof createApp>;

export type { ProblemCode } from './problems/problem.ts';

/** Composes the HTTP API; it listens only once it is started. */
export function createApp(deps: ApiDeps) {
  return createApi(deps).app;
}

/** The composed API with what runs behind its requests. */
export type Api = {
  readonly app: App;
  /** Gives back what a request held, once it is answered. */
  release(request: Request): void;
  /** From now on it is not ready, though it answers. */
  startDraining(): void;
  /** Ends the event streams, which would otherwise be requests without end. */
  stopStreams(): Promise<void>;
  /** Ends what runs behind the requests; after the last of them. */
  stop(): Promise<void>;
};

/** Composes the HTTP API and what runs behind it. */
export function createApi({ config, profile, engine, logger, telemetry, times = {} }: ApiDeps) {
  const { database } = profile;
  const { metrics, tracer, scrape } = telemetry;
  const queue = profile.queue.queue;
  const services = createServices({ config, profile, logger, telemetry, times });
  const { authenticator, known, rateGate, streams, idempotency, resolver, props, budget, intake } = services;
  const { accept, administration } = services;
  let isDraining = false;
  const assertOpen = () => {
    if (isDraining) throw new DrainingError();
    intake.assertOpen();
  };
  const app = new Elysia({ normalize: false })
    .onRequest(({ request, set }) => {
      const { requestId, trace, headers } = contextOf(request, tracer);
      headers['x-request-id'] = requestId;
      headers.traceparent = toTraceparent(trace);
      // Kept by reference: what is learnt of the caller later is in the answer too.
      set.headers = headers;
      if (config.role === 'DEV') assertLocal(request);
      assertDecodablePath(request);
    })
    .onParse({ as: 'global' }, async ({ request, path, route }) => {
      if (path.startsWith('/u/')) return readUnsubscribeForm(request);
      // A callback has no key but a signature over its very bytes.
      if (route.startsWith(CALLBACK_PREFIX)) return readBytes(request, { maxBytes: MAX_CALLBACK_BYTES });
      // Before the body is read: an unknown caller may not make us read one.
      const identity = await authenticator.identify(request);
      const isAccepting = request.method === 'POST' && ACCEPTING_ROUTES.has(route);
      if (isAccepting) intake.assertOpen();
      const body = await readJsonBody(request, {
        maxBytes: config.maxBodyBytes,
        ...(isAccepting && {
          extended: { maxBytes: config.maxAttachmentBodyBytes, holding: '"attachments"' },
        }),
        onBytes: (bytes) => budget.reserve(request, bytes),
      });
      idempotency.note(request, identity, body);
      return body;
    })
    .onError({ as: 'global' }, async ({ error, request, set }) => {
      const { requestId, headers } = contextOf(request);
      const settled = await settle(error, request);
      const response = toResponse(settled, requestId);
      if (settled instanceof ReplayedAnswer) metrics.replayed.add(1);
      else if (settled instanceof OverloadError) metrics.refused.add(1, { reason: settled.reason });
      else if (settled.code === 'internal_error') {
        logger.error({ err: error, ...idsOf(request) }, 'a request failed');
      }
      set.status = response.status;
      for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
      return response;
    })
    .onAfterResponse({ as: 'global' }, ({ request, route, set }) => {
      const status = Number(set.status ?? 200);
      finishRequest({ request, route, status, metrics, logger });
    })
    .use(healthController({ database, queue, board: profile.providerBoard, assertOpen }))
    .use(metricsController({ scrape, token: config.metricsToken }))
    .use(messagesController({ accept, database, engine, authenticator, rateGate }))
    .use(messageActionsController({ database, queue, authenticator, logger, tracer }))
    .use(deadLettersController({ database, queue, authenticator, logger, tracer }))
    .use(suppressionsController({ database, authenticator, logger }))
    .use(templatesController({ database, engine, authenticator, idempotency, resolver, props }))
    .use(clientsController({ ...administration, idempotency }))
    .use(keysController(administration))
    .use(queueController({ queue, authenticator, logger }))
    .use(recipientsController({ database, blobs: profile.blobs, authenticator, logger }))
    .use(
      providersController({
        board: profile.providerBoard,
        database,
        configured: config.providers.map(({ name }) => name),
        authenticator,
      }),
    )
    .use(whoamiController({ authenticator }))
    .use(inboxController({ database, authenticator, now: accept.now }))
    .use(statsController({ database, authenticator, now: accept.now }))
    .use(streamController({ database, authenticator, known, streams }))
    .use(webhookEndpointsController({ config, profile, authenticator, logger }))
    .use(unsubscribeController({ database }))
    .use(docsController({ routes: listRoutes }))
    .use(
      webhooksController({
        database,
        logger,
        metrics,
        adapters: createCallbackAdapters(config.callbacks),
        providers: config.providers,
      }),
    );

  function listRoutes(): readonly DocumentedRoute[] {
    return app.routes;
  }

  async function settle(error: unknown, request: Request): Promise<ApiError | ReplayedAnswer> {
    if (error instanceof ReplayedAnswer) return error;
    const isNoRoute = error instanceof NotFoundError;
    const problem = isNoRoute ? toNoRoute(app.routes, request) : toApiError(error);
    return idempotency.settle(request, problem);
  }

  return {
    app,
    release: budget.release,
    startDraining() {
      isDraining = true;
    },
    stopStreams: streams.stop,
    stop: services.stop,
  };
}

function toResponse(settled: ApiError | ReplayedAnswer, requestId: string): Response {
  if (settled instanceof ApiError) return toProblemResponse(settled, requestId);
  const { status, response } = settled;
  const contentType = status >= 400 ? 'application/problem+json' : 'application/json';
  return new Response(response, {
    status,
    headers: { 'content-type': contentType, 'idempotent-replayed': 'true' },
  });
}

function toNoRoute(routes: Parameters<typeof allowedMethods>[0], request: Request): ApiError {
  const methods = allowedMethods(routes, new URL(request.url).pathname);
  if (methods.length === 0) return new ApiError('not_found', 'There is no such route.');
  return new ApiError('method_not_allowed', `This route has ${methods.join(', ')}.`, {
    headers: { allow: methods.join(', ') },
  });
}
