import { Elysia } from 'elysia';
import { createApiKey } from '../../lib/auth/api-key.ts';
import { insertApiKey } from '../../lib/db/api-keys.ts';
import { recountUsage } from '../../lib/db/client-usage.ts';
import {
  type Client,
  type ClientSettings,
  findClient,
  insertClient,
  updateClient,
} from '../../lib/db/clients.ts';
import { codeOf } from '../../lib/db/connection-error.ts';
import type { Database } from '../../lib/db/database.ts';
import { parseDomain } from '../../lib/mail/address.ts';
import { assertScope, type Authenticator } from '../middleware/authenticate.ts';
import type { IdempotencyGuard } from '../middleware/idempotency.ts';
import { isUuid } from '../pagination.ts';
import { parseIsoTime } from '../iso-time.ts';
import { ApiError } from '../problem.ts';
import { CreateClientBody, CreateKeyBody, UpdateClientBody } from '../schemas.ts';

export type ClientsDeps = {
  database: Database;
  authenticator: Authenticator;
  idempotency: IdempotencyGuard;
  now: () => Date;
};

const UNIQUE_VIOLATION = '23505';

/** `/v1/clients`: administration of clients and their keys. */
export function clientsController({ database, authenticator, idempotency, now }: ClientsDeps) {
  return new Elysia({ prefix: '/v1/clients', normalize: false })
    .derive(async ({ request }) => {
      const identity = await authenticator.identify(request);
      assertScope(identity, 'admin');
      return {};
    })
    .post(
      '/',
      async ({ body, request, status }) => {
        const { fromDomains, ...rest } = body;
        const client = { id: Bun.randomUUIDv7(), ...rest, fromDomains: fromDomains?.map(toDomain) ?? null };
        const create = async ({ db }: Database) => {
          const created = await insertClient(db, client);
          if (!created) throw nameTaken(body.name);
          return toAnswer(created);
        };
        return status(201, await idempotency.run(request, 201, create));
      },
      { body: CreateClientBody },
    )
    .patch(
      '/:id',
      async ({ params, body }) => {
        const { fromDomains, ...rest } = body;
        const domains = fromDomains === undefined ? {} : { fromDomains: fromDomains?.map(toDomain) ?? null };
        const change = { id: params.id, changes: { ...rest, ...domains }, now: now() };
        const client = isUuid(params.id) ? await changeClient(database, change) : null;
        if (!client) throw new ApiError('not_found', `There is no client ${params.id}.`);
        authenticator.forget(client.id);
        return toAnswer(client);
      },
      { body: UpdateClientBody },
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

type ClientChange = { id: string; changes: Partial<ClientSettings>; now: Date };

async function changeClient(database: Database, { id, changes, now }: ClientChange): Promise<Client | null> {
  try {
    return await database.transaction(async (tx) => {
      const client = await updateClient(tx, id, changes);
      // Only who has a limit is counted while sending: with a new one the month so far is counted once.
      if (client && changes.quotaLimit) await recountUsage(tx, id, now);
      return client;
    });
  } catch (error) {
    if (codeOf(error) === UNIQUE_VIOLATION) throw nameTaken(changes.name ?? '');
    throw error;
  }
}

function nameTaken(name: string): ApiError {
  return new ApiError('name_taken', `There is a client "${name}" already; names are unique.`);
}

function toDomain(text: string, index: number): string {
  const domain = parseDomain(text);
  if (domain !== null) return domain;
  throw new ApiError('invalid_request', 'A sender domain is not one.', {
    errors: [{ path: `/fromDomains/${index}`, message: 'must be a domain such as example.com' }],
  });
}

function toAnswer({ createdAt, updatedAt, ...client }: Client) {
  const { id, name, status, fromDomains, rateLimit, quotaLimit, provider } = client;
  return {
    id,
    name,
    status,
    fromDomains,
    rateLimit,
    quotaLimit,
    provider,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
