import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import {
  emptyInbox,
  findInboxMessage,
  type InboxEntry,
  listInbox,
  markInboxMessage,
  removeInboxMessage,
} from '../../lib/db/inbox.ts';
import { type ReadAttachment, readMime } from '../../lib/mail/read-mime.ts';
import { toDownload } from '../download.ts';
import { parseInboxSearch } from '../lists/inbox-search.ts';
import { assertClient, assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import { isUuid } from '../../lib/uuid.ts';
import { parseCursor, parseLimit, toCursor } from '../lists/pagination.ts';
import { ApiError } from '../problems/problem.ts';
import { ListInboxQuery, MarkInboxBody } from '../schemas.ts';

export type InboxDeps = { database: Database; authenticator: Authenticator; now: () => Date };

/** `/v1/inbox`: what test mode and the DEV role kept instead of sending it. */
export function inboxController({ database, authenticator, now }: InboxDeps) {
  const { db } = database;
  return new Elysia({ prefix: '/v1/inbox', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .get(
      '/',
      async ({ query, identity }) => {
        const { entries, next } = await listInbox(db, {
          owner: ownerOf(identity, 'read'),
          filter: parseInboxSearch(query.search ?? ''),
          before: parseCursor(query.cursor),
          limit: parseLimit(query.limit),
        });
        return { data: entries.map(toEntry), nextCursor: next && toCursor(next) };
      },
      { query: ListInboxQuery },
    )
    .get('/:id', async ({ params, identity }) => {
      const { mime, ...entry } = await loadMail(database, params.id, ownerOf(identity, 'read'));
      const { headers, html, text, attachments } = await readMime(mime);
      return {
        ...toEntry(entry),
        headers,
        html,
        text,
        attachments: attachments.map(toAttachment),
        mime: new TextDecoder('latin1').decode(mime),
      };
    })
    .get('/:id/raw', async ({ params, identity }) => {
      const { mime, subject } = await loadMail(database, params.id, ownerOf(identity, 'read'));
      const filename = `${subject?.trim() || 'mail'}.eml`;
      return toDownload(mime, { filename, contentType: 'message/rfc822' });
    })
    .get('/:id/attachments/:index', async ({ params, identity }) => {
      const { mime } = await loadMail(database, params.id, ownerOf(identity, 'read'));
      const { attachments } = await readMime(mime);
      const attachment = /^\d{1,4}$/.test(params.index) ? attachments[Number(params.index)] : undefined;
      if (!attachment) throw new ApiError('not_found', `The mail has no attachment ${params.index}.`);
      const { content, filename } = attachment;
      // Its own type is in the mail's answer; here it would only tempt a browser to show it.
      return toDownload(content, { filename, contentType: 'application/octet-stream' });
    })
    .patch(
      '/:id',
      async ({ params, body, identity }) => {
        const owner = ownerOf(identity, 'read');
        const id = isUuid(params.id) ? params.id : null;
        const readAt = body.isRead ? now() : null;
        if (id === null || !(await markInboxMessage(db, { id, owner, readAt }))) throw notFound(params.id);
        return { id, isRead: body.isRead };
      },
      { body: MarkInboxBody },
    )
    .delete('/:id', async ({ params, identity, status }) => {
      const owner = ownerOf(identity, 'send');
      if (!isUuid(params.id) || !(await removeInboxMessage(db, params.id, owner))) throw notFound(params.id);
      return status(204, undefined);
    })
    .delete('/', ({ identity }) => emptyInbox(db, ownerOf(identity, 'send')));
}

/** Looking takes `read`; whoever may send may also throw away. */
function ownerOf(identity: Identity, scope: 'read' | 'send') {
  assertScope(identity, scope);
  assertClient(identity);
  return { clientId: identity.client.id, mode: identity.mode };
}

async function loadMail(database: Database, id: string, owner: ReturnType<typeof ownerOf>) {
  const mail = isUuid(id) ? await findInboxMessage(database.db, id, owner) : null;
  if (!mail) throw notFound(id);
  return mail;
}

function notFound(id: string): ApiError {
  return new ApiError('not_found', `There is no mail ${id} in this key's inbox.`);
}

/** The id is the message's own. */
function toEntry({ envelopeFrom, envelopeTo, receivedAt, readAt, ...entry }: InboxEntry) {
  return {
    ...entry,
    envelope: { from: envelopeFrom, to: envelopeTo },
    isRead: readAt !== null,
    receivedAt: receivedAt.toISOString(),
  };
}

/** The index is its name among the routes. */
function toAttachment({ content, ...attachment }: ReadAttachment, index: number) {
  return { index, ...attachment, sizeBytes: content.length };
}
