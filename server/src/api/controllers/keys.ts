import { Elysia, t } from 'elysia';
import { MAX_OVERLAP_S, type Scope } from '../../lib/auth/api-key.ts';
import { describeKey, type KeyName, listApiKeys, revokeApiKey } from '../../lib/db/api-keys.ts';
import { findClient } from '../../lib/db/clients.ts';
import type { Database, Db } from '../../lib/db/database.ts';
import { makeKey, rotateKey } from '../../lib/db/new-key.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { parseIsoTime } from '../accepting/iso-time.ts';
import { assertScope, type Authenticator } from '../middleware/authenticate.ts';
import { idsOf } from '../middleware/request-context.ts';
import { isUuid } from '../../lib/uuid.ts';
import { parseCursor, parseLimit, toPage } from '../lists/pagination.ts';
import { ApiError } from '../problems/problem.ts';
import { CreateKeyBody, PageQuery } from '../schemas.ts';

export type KeysDeps = {
  database: Database;
  authenticator: Authenticator;
  logger: Logger;
  now: () => Date;
  /** Tells every instance that what it knows of a client's keys is over. */
  changed: (clientId: string) => void;
};

const STRICT = { additionalProperties: false } as const;
const DEFAULT_OVERLAP_S = 86_400;
const STANDARD_SCOPES: readonly Scope[] = ['send', 'read', 'templates'];

/** Query of `GET /v1/clients/:id/keys`. */
const ListKeysQuery = t.Object(PageQuery, STRICT);

/** Body of `POST /v1/clients/:id/keys/:keyId/rotate`. */
const RotateKeyBody = t.Optional(
  t.Object(
    {
      overlapS: t.Optional(
        t.Integer({
          minimum: 0,
          maximum: MAX_OVERLAP_S,
          description: `must be whole seconds from 0 to ${MAX_OVERLAP_S}`,
        }),
      ),
      expiresAt: CreateKeyBody.properties.expiresAt,
    },
    STRICT,
  ),
);

/** `/v1/clients/:id/keys`. What shows a secret takes no idempotency key, so that no secret is stored. */
export function keysController({ database, authenticator, logger, now, changed }: KeysDeps) {
  const { db } = database;
  return new Elysia({ prefix: '/v1/clients/:id/keys', normalize: false })
    .derive(async ({ request }) => {
      const identity = await authenticator.identify(request);
      assertScope(identity, 'admin');
      return { identity };
    })
    .get(
      '/',
      async ({ params, query }) => {
        const limit = parseLimit(query.limit);
        const clientId = await findOwner(db, params.id);
        const before = parseCursor(query.cursor);
        return toPage(await listApiKeys(db, { clientId, before, limit: limit + 1 }), limit, describeKey);
      },
      { query: ListKeysQuery },
    )
    .post(
      '/',
      async ({ params, body, status, identity, request }) => {
        const clientId = await findOwner(db, params.id);
        const { name, mode = 'live', scopes = STANDARD_SCOPES } = body;
        const made = await makeKey(db, {
          clientId,
          name,
          mode,
          scopes,
          expiresAt: body.expiresAt === undefined ? null : parseIsoTime(body.expiresAt, '/expiresAt'),
        });
        logger.info(
          { ...idsOf(request), client_id: clientId, key_id: made.id, by: identity.keyPrefix },
          'a key was created',
        );
        return status(201, made);
      },
      { body: CreateKeyBody },
    )
    .delete('/:keyId', async ({ params, identity, request, set }) => {
      const key = parseKeyName(params);
      const revoked = key && (await revokeApiKey(db, key, now()));
      if (!revoked) throw noSuchKey(params.keyId);
      changed(params.id);
      logger.info(
        { ...idsOf(request), client_id: params.id, key_id: revoked.id, by: identity.keyPrefix },
        'a key was revoked',
      );
      set.status = 204;
    })
    .post(
      '/:keyId/rotate',
      async ({ params, body, status, identity, request }) => {
        const key = parseKeyName(params);
        const at = now();
        const until = new Date(at.getTime() + (body?.overlapS ?? DEFAULT_OVERLAP_S) * 1000);
        const expiresAt = body?.expiresAt === undefined ? null : parseIsoTime(body.expiresAt, '/expiresAt');
        const rotated = key && (await rotateKey(database, key, { at, until, expiresAt }));
        if (!rotated) throw noSuchKey(params.keyId);
        changed(params.id);
        logger.info(
          {
            ...idsOf(request),
            client_id: params.id,
            key_id: params.keyId,
            new_key_id: rotated.id,
            by: identity.keyPrefix,
          },
          'a key was rotated',
        );
        return status(201, rotated);
      },
      { body: RotateKeyBody },
    );
}

async function findOwner(db: Db, id: string): Promise<string> {
  const client = isUuid(id) ? await findClient(db, id) : null;
  if (client) return client.id;
  throw new ApiError('not_found', `There is no client ${id}.`);
}

function parseKeyName({ id, keyId }: { id: string; keyId: string }): KeyName | null {
  return isUuid(id) && isUuid(keyId) ? { clientId: id, id: keyId } : null;
}

function noSuchKey(id: string): ApiError {
  return new ApiError('not_found', `The client has no key ${id} that is still good.`);
}
