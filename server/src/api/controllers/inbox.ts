import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { findInboxMessage, listInbox } from '../../lib/db/inbox.ts';
import { assertClient, assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import { isUuid, parseCursor, parseLimit, toPage } from '../pagination.ts';
import { ApiError } from '../problem.ts';
import { PageOnlyQuery } from '../schemas.ts';

export type InboxDeps = { database: Database; authenticator: Authenticator };

/** `/v1/inbox`: what test mode and the DEV role kept instead of sending it. */
export function inboxController({ database, authenticator }: InboxDeps) {
  return new Elysia({ prefix: '/v1/inbox', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .get(
      '/',
      async ({ query, identity }) => {
        const limit = parseLimit(query.limit);
        const rows = await listInbox(database.db, {
          owner: ownerOf(identity),
          before: parseCursor(query.cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, ({ subject, ...entry }) => ({ ...toAnswer(entry), subject }));
      },
      { query: PageOnlyQuery },
    )
    .get('/:id', async ({ params, identity }) => {
      const entry = await loadEntry(database, params.id, identity);
      return { ...toAnswer(entry), mime: new TextDecoder('latin1').decode(entry.mime) };
    })
    .get('/:id/raw', async ({ params, identity }) => {
      const { mime } = await loadEntry(database, params.id, identity);
      return new Response(new Uint8Array(mime), { headers: { 'content-type': 'message/rfc822' } });
    });
}

function ownerOf(identity: Identity) {
  assertScope(identity, 'read');
  assertClient(identity);
  return { clientId: identity.client.id, mode: identity.mode };
}

async function loadEntry(database: Database, id: string, identity: Identity) {
  const entry = isUuid(id) ? await findInboxMessage(database.db, id, ownerOf(identity)) : null;
  if (!entry) throw new ApiError('not_found', `There is no mail ${id} in this key's inbox.`);
  return entry;
}

/** The id is the message's own. */
function toAnswer(entry: { id: string; envelopeFrom: string; envelopeTo: string[]; receivedAt: Date }) {
  return {
    id: entry.id,
    envelope: { from: entry.envelopeFrom, to: entry.envelopeTo },
    receivedAt: entry.receivedAt.toISOString(),
  };
}
