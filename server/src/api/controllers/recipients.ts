import { Elysia } from 'elysia';
import type { BlobStore } from '../../lib/blobs/blob-store.ts';
import type { Database } from '../../lib/db/database.ts';
import { eraseRecipient } from '../../lib/db/erasure.ts';
import { parseAddress } from '../../lib/mail/address.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { assertClient, assertScope, type Authenticator } from '../middleware/authenticate.ts';
import { idsOf } from '../middleware/request-context.ts';
import { ApiError } from '../problems/problem.ts';

export type RecipientsDeps = {
  database: Database;
  blobs: BlobStore;
  authenticator: Authenticator;
  logger: Logger;
};

/** `DELETE /v1/recipients/:email`: forgets a person at the key's client. */
export function recipientsController({ database, blobs, authenticator, logger }: RecipientsDeps) {
  return new Elysia({ prefix: '/v1/recipients', normalize: false }).delete(
    '/:email',
    async ({ request, params }) => {
      const identity = await authenticator.identify(request);
      assertScope(identity, 'send');
      assertClient(identity);
      if (identity.mode !== 'live')
        throw new ApiError('live_key_required', 'What live mail left behind is removed with a live key.');
      const parsed = parseAddress(params.email);
      if (!parsed.ok)
        throw new ApiError('invalid_request', 'This is no address.', {
          errors: [{ path: '/email', message: parsed.reason }],
        });
      const clientId = identity.client.id;
      const { isSuppressed, ...counts } = await eraseRecipient(
        { database, blobs },
        { clientId, email: parsed.address.email },
      );
      // Without the address: a log outlives the wish to be forgotten.
      logger.info(
        { ...idsOf(request), client_id: clientId, by: identity.keyPrefix, ...counts },
        'a recipient was erased',
      );
      return { ...counts, suppressionKept: isSuppressed };
    },
  );
}
