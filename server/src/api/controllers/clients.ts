import { Elysia } from 'elysia';
import { createApiKey } from '../../lib/auth/api-key.ts';
import { insertApiKey } from '../../lib/db/api-keys.ts';
import { type Client, findClient, insertClient } from '../../lib/db/clients.ts';
import type { Database } from '../../lib/db/database.ts';
import { parseDomain } from '../../lib/mail/address.ts';
import { assertScope, type Authenticator } from '../middleware/authenticate.ts';
import { isUuid } from '../pagination.ts';
import { parseIsoTime } from '../iso-time.ts';
import { ApiError } from '../problem.ts';
import { CreateClientBody, CreateKeyBody } from '../schemas.ts';

export type ClientsDeps = { database: Database; authenticator: Authenticator };

/** `/v1/clients`: administration of clients and their keys. */
export function clientsController({ database, authenticator }: ClientsDeps) {
  return new Elysia({ prefix: '/v1/clients', normalize: false })
    .derive(async ({ request }) => {
      const identity = await authenticator.identify(request);
      assertScope(identity, 'admin');
      return {};
    })
    .post(
      '/',
      async ({ body, status }) => {
        const fromDomains = body.fromDomains?.map(toDomain) ?? null;
        const client = await insertClient(database.db, {
          id: Bun.randomUUIDv7(),
          name: body.name,
          fromDomains,
        });
        if (!client)
          throw new ApiError('name_taken', `There is a client "${body.name}" already; names are unique.`);
        return status(201, toAnswer(client));
      },
      { body: CreateClientBody },
    )
    .post(
      '/:id/keys',
      async ({ params, body, status }) => {
        const client = isUuid(params.id) ? await findClient(database.db, params.id) : null;
        if (!client) throw new ApiError('not_found', `There is no client ${params.id}.`);
        const made = createApiKey(body.mode ?? 'live');
        const key = await insertApiKey(database.db, {
          id: Bun.randomUUIDv7(),
          clientId: client.id,
          name: body.name,
          prefix: made.prefix,
          secretHash: made.secretHash,
          scopes: body.scopes ?? ['send', 'read', 'templates'],
          mode: made.mode,
          expiresAt: body.expiresAt === undefined ? null : parseIsoTime(body.expiresAt, '/expiresAt'),
        });
        const { id, name, prefix, scopes, mode, expiresAt, createdAt } = key;
        return status(201, {
          id,
          /** Shown this once: only a hash of it is kept. */
          key: made.text,
          clientId: client.id,
          name,
          prefix,
          scopes,
          mode,
          expiresAt: expiresAt?.toISOString() ?? null,
          createdAt: createdAt.toISOString(),
        });
      },
      { body: CreateKeyBody },
    );
}

function toDomain(text: string, index: number): string {
  const domain = parseDomain(text);
  if (domain !== null) return domain;
  throw new ApiError('invalid_request', 'A sender domain is not one.', {
    errors: [{ path: `/fromDomains/${index}`, message: 'must be a domain such as example.com' }],
  });
}

function toAnswer({ id, name, status, fromDomains, createdAt, updatedAt }: Client) {
  return {
    id,
    name,
    status,
    fromDomains,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
