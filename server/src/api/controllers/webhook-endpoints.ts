import { Elysia } from 'elysia';
import type { Config } from '../../config.ts';
import type { Database } from '../../lib/db/database.ts';
import { insertDelivery, listDeliveries } from '../../lib/db/webhooks-deliveries.ts';
import {
  deleteEndpoint,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
  MAX_ENDPOINTS,
  rotateSecret,
  updateEndpoint,
  type WebhookEndpoint,
} from '../../lib/db/webhooks-endpoints.ts';
import type { DueDelivery } from '../../lib/db/webhooks-fan-out.ts';
import { type Replay, replayBetween, replayEvent } from '../../lib/db/webhooks-replay.ts';
import type { Profile } from '../../lib/profile.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { toTestPayload } from '../../lib/webhooks/payload.ts';
import { createSecretBox } from '../../lib/webhooks/secret-box.ts';
import { createWebhookSecret } from '../../lib/webhooks/signature.ts';
import { parseTargetUrl, type TargetPolicy } from '../../lib/webhooks/target.ts';
import { parseIsoTime } from '../accepting/iso-time.ts';
import { assertClient, assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import { idsOf } from '../middleware/request-context.ts';
import { isUuid } from '../../lib/uuid.ts';
import { parseCursor, parseLimit, toPage } from '../lists/pagination.ts';
import { ApiError } from '../problems/problem.ts';
import { PageOnlyQuery } from '../schemas.ts';
import { toDeliveryAnswer, toEndpointAnswer } from '../webhooks/answers.ts';
import {
  CreateEndpointBody,
  ListDeliveriesQuery,
  ReplayBody,
  RotateSecretBody,
  UpdateEndpointBody,
} from '../webhooks/schemas.ts';

export type WebhookEndpointsDeps = {
  config: Pick<Config, 'secretKey' | 'webhooks'>;
  profile: Pick<Profile, 'database' | 'webhooks'>;
  authenticator: Authenticator;
  logger: Logger;
};

const HOUR_MS = 3_600_000;
/** Long enough for whoever deploys the new secret by hand. */
const DEFAULT_OVERLAP_HOURS = 24;

/** `/v1/webhook-endpoints`: URLs of the key's client that are told of the events of its mode. */
export function webhookEndpointsController(deps: WebhookEndpointsDeps) {
  const { config, authenticator } = deps;
  const { database } = deps.profile;
  const box = createSecretBox(config.secretKey);
  return new Elysia({ prefix: '/v1/webhook-endpoints', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .post(
      '/',
      async ({ body, identity, status }) => {
        const owner = writerOf(identity);
        const id = Bun.randomUUIDv7();
        const secret = createWebhookSecret();
        const endpoint = await insertEndpoint(database, {
          id,
          ...owner,
          url: parseUrl(body.url, config.webhooks),
          description: body.description ?? null,
          events: body.events,
          secret: box.seal(secret, id),
        });
        if (!endpoint) throw tooManyEndpoints();
        /** The secret is shown this once. */
        return status(201, { ...toEndpointAnswer(endpoint), secret });
      },
      { body: CreateEndpointBody },
    )
    .get(
      '/',
      async ({ query, identity }) => {
        const limit = parseLimit(query.limit);
        const rows = await listEndpoints(database.db, {
          owner: readerOf(identity),
          before: parseCursor(query.cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, toEndpointAnswer);
      },
      { query: PageOnlyQuery },
    )
    .get('/:id', async ({ params, identity }) =>
      toEndpointAnswer(await loadEndpoint(database, params.id, readerOf(identity))),
    )
    .patch(
      '/:id',
      async ({ params, body, identity }) => {
        const owner = writerOf(identity);
        const { url, ...rest } = body;
        const changes = url === undefined ? rest : { ...rest, url: parseUrl(url, config.webhooks) };
        const id = toId(params.id);
        const endpoint = await updateEndpoint(database, { owner, id, changes });
        if (!endpoint) throw noEndpoint(id);
        return toEndpointAnswer(endpoint);
      },
      { body: UpdateEndpointBody },
    )
    .delete('/:id', async ({ params, identity, status }) => {
      const owner = writerOf(identity);
      const id = toId(params.id);
      if (!(await deleteEndpoint(database.db, owner, id))) throw noEndpoint(id);
      return status(204, undefined);
    })
    .post(
      '/:id/rotate',
      async ({ params, body, identity }) => {
        const id = toId(params.id);
        const secret = createWebhookSecret();
        const overlapMs = (body.overlapHours ?? DEFAULT_OVERLAP_HOURS) * HOUR_MS;
        const endpoint = await rotateSecret(database.db, {
          owner: writerOf(identity),
          id,
          secret: box.seal(secret, id),
          overlapMs,
        });
        if (!endpoint) throw noEndpoint(id);
        return { ...toEndpointAnswer(endpoint), secret };
      },
      { body: RotateSecretBody },
    )
    .post('/:id/test', async ({ params, identity, request, status }) => {
      const endpoint = await loadActive(database, params.id, writerOf(identity));
      const due = await insertDelivery(database.db, endpoint.id, toTestPayload(endpoint, new Date()));
      await enqueue(deps, [due], request);
      return status(202, { deliveryId: due.id });
    })
    .get(
      '/:id/deliveries',
      async ({ params, query, identity }) => {
        const endpoint = await loadEndpoint(database, params.id, readerOf(identity));
        const limit = parseLimit(query.limit);
        const rows = await listDeliveries(database.db, {
          endpointId: endpoint.id,
          ...(query.status === undefined ? {} : { status: query.status }),
          before: parseCursor(query.cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, toDeliveryAnswer);
      },
      { query: ListDeliveriesQuery },
    )
    .post(
      '/:id/replay',
      async ({ params, body, identity, request, status }) => {
        const endpoint = await loadActive(database, params.id, writerOf(identity));
        const { due, next } = await replay(database, endpoint, body);
        await enqueue(deps, due, request);
        return status(202, { replayed: due.length, nextSince: next?.toISOString() ?? null });
      },
      { body: ReplayBody },
    );
}

function readerOf(identity: Identity) {
  assertScope(identity, 'read');
  assertClient(identity);
  return { clientId: identity.client.id, mode: identity.mode };
}

/** An endpoint is told what only a reader may know: whoever sets one up must be allowed to act and to read. */
function writerOf(identity: Identity) {
  assertScope(identity, 'send');
  return readerOf(identity);
}

function toId(id: string): string {
  if (isUuid(id)) return id;
  throw noEndpoint(id);
}

function noEndpoint(id: string): ApiError {
  return new ApiError('not_found', `There is no webhook endpoint ${id} for this key.`);
}

function tooManyEndpoints(): ApiError {
  return new ApiError(
    'too_many_endpoints',
    `A client has ${MAX_ENDPOINTS} webhook endpoints of a mode at most; delete one.`,
  );
}

type Owner = ReturnType<typeof readerOf>;

async function loadEndpoint({ db }: Database, id: string, owner: Owner): Promise<WebhookEndpoint> {
  const endpoint = await findEndpoint(db, owner, toId(id));
  if (!endpoint) throw noEndpoint(id);
  return endpoint;
}

async function loadActive(database: Database, id: string, owner: Owner): Promise<WebhookEndpoint> {
  const endpoint = await loadEndpoint(database, id, owner);
  if (endpoint.status === 'active') return endpoint;
  throw new ApiError('endpoint_paused', 'Nothing is sent to a paused endpoint; make it active first.');
}

function parseUrl(text: string, policy: TargetPolicy): string {
  const target = parseTargetUrl(text, policy);
  if (target.ok) return target.url.href;
  throw new ApiError('invalid_request', 'Webhooks cannot be sent to this URL.', {
    errors: [{ path: '/url', message: target.reason }],
  });
}

async function replay(
  database: Database,
  endpoint: WebhookEndpoint,
  { eventId, since, until }: typeof ReplayBody.static,
): Promise<Replay> {
  if (eventId !== undefined && since === undefined && until === undefined) {
    const replayed = await replayEvent(database, endpoint, eventId);
    if (replayed) return replayed;
    throw new ApiError('not_found', `There is no event ${eventId} for this key.`);
  }
  if (eventId !== undefined || since === undefined) {
    throw new ApiError('invalid_request', 'Say what to send again: one event, or a time.', {
      errors: [{ path: '', message: 'must have either eventId, or since and perhaps until' }],
    });
  }
  return replayBetween(database, endpoint, {
    since: parseIsoTime(since, '/since'),
    until: until === undefined ? new Date() : parseIsoTime(until, '/until'),
  });
}

/** What the queue does not take now is found by its row. */
async function enqueue(
  { profile, logger }: WebhookEndpointsDeps,
  due: readonly DueDelivery[],
  request: Request,
): Promise<void> {
  try {
    await profile.webhooks.queue.add(due);
  } catch (error) {
    logger.warn(
      { ...idsOf(request), err: error, count: due.length },
      'webhooks could not be enqueued and go out later',
    );
  }
}
