import { Elysia, t } from 'elysia';
import type { Scope } from '../../lib/auth/api-key.ts';
import type { Database } from '../../lib/db/database.ts';
import {
  addSuppressions,
  findSuppression,
  listSuppressions,
  removeSuppression,
  type Suppression,
} from '../../lib/db/suppressions.ts';
import { parseAddress } from '../../lib/mail/address.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { assertClient, assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import { idsOf } from '../middleware/request-context.ts';
import { isUuid } from '../../lib/uuid.ts';
import { parseCursor, parseLimit, toPage } from '../lists/pagination.ts';
import { ApiError } from '../problems/problem.ts';
import { PageQuery } from '../schemas.ts';

export type SuppressionsDeps = { database: Database; logger: Logger; authenticator: Authenticator };

const EmailText = t.String({
  minLength: 3,
  maxLength: 512,
  description: 'must be an address such as ada@example.com',
});
const STRICT = { additionalProperties: false } as const;

/** Query of `GET /v1/suppressions`. */
const ListSuppressionsQuery = t.Object(
  {
    ...PageQuery,
    email: t.Optional(EmailText),
    reason: t.Optional(
      t.Union(
        [t.Literal('hard_bounce'), t.Literal('complaint'), t.Literal('unsubscribe'), t.Literal('manual')],
        { description: 'must be "hard_bounce", "complaint", "unsubscribe" or "manual"' },
      ),
    ),
  },
  STRICT,
);

/** Body of `POST /v1/suppressions`. */
const AddSuppressionBody = t.Object({ email: EmailText }, STRICT);

/** `/v1/suppressions`: the addresses that a client's live mail does not reach. */
export function suppressionsController({ database, logger, authenticator }: SuppressionsDeps) {
  return new Elysia({ prefix: '/v1/suppressions', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .get(
      '/',
      async ({ query: { limit: size, cursor, email, reason }, identity }) => {
        const limit = parseLimit(size);
        const rows = await listSuppressions(database.db, {
          clientId: clientIdOf(identity, 'read'),
          filter: {
            ...(email === undefined ? {} : { email: parseEmail(email) }),
            ...(reason === undefined ? {} : { reason }),
          },
          before: parseCursor(cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, toAnswer);
      },
      { query: ListSuppressionsQuery },
    )
    .post(
      '/',
      async ({ body, identity, status }) => {
        const clientId = clientIdOf(identity, 'send');
        const email = parseEmail(body.email);
        const [added] = await addSuppressions(database.db, [
          { clientId, email, reason: 'manual', messageId: null },
        ]);
        if (added) return status(201, toAnswer(added));
        const known = await findSuppression(database.db, { clientId, email });
        // Removed by somebody else in between: whoever asked last is right.
        if (!known)
          throw new ApiError('service_unavailable', 'The address is being removed. Try again.', {
            headers: { 'retry-after': '1' },
          });
        return status(200, toAnswer(known));
      },
      { body: AddSuppressionBody },
    )
    .delete('/:id', async ({ params, identity, request, set }) => {
      const clientId = clientIdOf(identity, 'send');
      const which = isUuid(params.id) ? { id: params.id } : { email: parseEmail(params.id) };
      const removed = await removeSuppression(database.db, { clientId, ...which });
      if (!removed) throw new ApiError('not_found', 'The address is not on the list.');
      // Without the address: a log outlives the wish to be forgotten.
      logger.info(
        {
          ...idsOf(request),
          suppression_id: removed.id,
          reason: removed.reason,
          client_id: clientId,
          by: identity.keyPrefix,
        },
        'a suppression was removed',
      );
      set.status = 204;
    });
}

/** The list is about live mail, so a test key can neither see nor change it. */
function clientIdOf(identity: Identity, scope: Scope): string {
  assertScope(identity, scope);
  assertClient(identity);
  if (identity.mode === 'live') return identity.client.id;
  throw new ApiError('live_key_required', 'Mail of a test key meets no suppression list; use a live key.');
}

function parseEmail(text: string): string {
  const parsed = parseAddress(text);
  if (parsed.ok) return parsed.address.email;
  throw new ApiError('invalid_request', 'This is no address.', {
    errors: [{ path: '/email', message: parsed.reason }],
  });
}

function toAnswer({ id, email, reason, messageId, createdAt }: Suppression) {
  return { id, email, reason, messageId, createdAt: createdAt.toISOString() };
}
