import { Elysia, t } from 'elysia';
import type { BlobStore } from '../../lib/blobs/blob-store.ts';
import { removeClient } from '../../lib/db/client-removal.ts';
import { recountUsage } from '../../lib/db/client-usage.ts';
import {
  type Client,
  type ClientSettings,
  findClient,
  insertClient,
  listClients,
  updateClient,
} from '../../lib/db/clients.ts';
import { codeOf } from '../../lib/db/connection-error.ts';
import type { Database } from '../../lib/db/database.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { parseDomain } from '../../lib/mail/address.ts';
import { assertScope, type Authenticator } from '../middleware/authenticate.ts';
import type { IdempotencyGuard } from '../middleware/idempotency.ts';
import { idsOf } from '../middleware/request-context.ts';
import { isUuid } from '../../lib/uuid.ts';
import { parseCursor, parseLimit, toPage } from '../lists/pagination.ts';
import { ApiError } from '../problems/problem.ts';
import { CreateClientBody, PageQuery, UpdateClientBody } from '../schemas.ts';

export type ClientsDeps = {
  database: Database;
  blobs: BlobStore;
  logger: Logger;
  /** Tells every instance that what it knows of a client is over. */
  changed: (clientId: string) => void;
  authenticator: Authenticator;
  idempotency: IdempotencyGuard;
  now: () => Date;
};

const UNIQUE_VIOLATION = '23505';

const STRICT = { additionalProperties: false } as const;

/** Query of `GET /v1/clients`. */
const ListClientsQuery = t.Object(
  { ...PageQuery, name: UpdateClientBody.properties.name, status: UpdateClientBody.properties.status },
  STRICT,
);

/** Query of `DELETE /v1/clients/:id`. */
const DeleteClientQuery = t.Object({ confirm: t.Optional(t.String({ maxLength: 200 })) }, STRICT);

/** `/v1/clients`: administration of clients. */
export function clientsController({
  database,
  blobs,
  logger,
  authenticator,
  idempotency,
  now,
  changed,
}: ClientsDeps) {
  return new Elysia({ prefix: '/v1/clients', normalize: false })
    .derive(async ({ request }) => {
      const identity = await authenticator.identify(request);
      assertScope(identity, 'admin');
      return { identity };
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
        if (!client) throw noSuchClient(params.id);
        changed(client.id);
        return toAnswer(client);
      },
      { body: UpdateClientBody },
    )
    .get(
      '/',
      async ({ query: { limit: size, cursor, ...filter } }) => {
        const limit = parseLimit(size);
        const rows = await listClients(database.db, {
          filter,
          before: parseCursor(cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, toAnswer);
      },
      { query: ListClientsQuery },
    )
    .get('/:id', async ({ params }) => toAnswer(await findKnown(database, params.id)))
    .post('/:id/suspend', async ({ params, identity, request }) => {
      const client = await findKnown(database, params.id);
      const suspended = await updateClient(database.db, client.id, { status: 'suspended' });
      if (!suspended) throw noSuchClient(params.id);
      changed(client.id);
      logger.info(
        { ...idsOf(request), client_id: client.id, by: identity.keyPrefix },
        'a client was suspended',
      );
      return toAnswer(suspended);
    })
    .delete(
      '/:id',
      async ({ params, query, identity, request }) => {
        const client = await findKnown(database, params.id);
        if (query.confirm !== client.name) throw notConfirmed();
        const removal = await removeClient({ database, blobs }, client, () => changed(client.id));
        changed(client.id);
        if (removal.kind === 'in_use') throw inUse(removal.unfinished);
        logger.info(
          { ...idsOf(request), client_id: client.id, by: identity.keyPrefix, ...removal.data },
          'a client was removed with all that was its own',
        );
        return { id: client.id, name: client.name, removed: removal.data };
      },
      { query: DeleteClientQuery },
    );
}

async function findKnown(database: Database, id: string): Promise<Client> {
  const client = isUuid(id) ? await findClient(database.db, id) : null;
  if (client) return client;
  throw noSuchClient(id);
}

function noSuchClient(id: string): ApiError {
  return new ApiError('not_found', `There is no client ${id}.`);
}

/** All its messages and templates go too: a slip of the hand must not be enough. */
function notConfirmed(): ApiError {
  return new ApiError('invalid_request', 'Everything of the client would be removed with it.', {
    errors: [{ path: '/confirm', message: 'must be the name of the client' }],
  });
}

function inUse(unfinished: number): ApiError {
  return new ApiError(
    'client_in_use',
    `It has mail under way (${unfinished}): cancel it or let it be sent, and suspend the client meanwhile.`,
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
