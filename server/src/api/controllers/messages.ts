import { Elysia } from 'elysia';
import { loadBody } from '../../lib/blobs/message-content.ts';
import type { Database } from '../../lib/db/database.ts';
import { cancelMessage, rescheduleMessage } from '../../lib/db/messages-change.ts';
import {
  type Attachment,
  findMessage,
  listAttachments,
  listMessageEvents,
  listRecipients,
  type Message,
  type MessageEvent,
  type MessageOwner,
  type Recipient,
} from '../../lib/db/messages.ts';
import { listMessages } from '../../lib/db/messages-list.ts';
import type { Engine } from '../../lib/engine/engine.ts';
import { type ReadContent, readContent } from '../../lib/messages/kept-body.ts';
import { toRedactedProps } from '../../lib/messages/redacted-props.ts';
import { createBatchAcceptor } from '../accepting/accept-batch.ts';
import { type AcceptDeps, acceptMessage } from '../accepting/accept-message.ts';
import { assertClient, assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import type { RateGate } from '../middleware/rate-limit.ts';
import { contextOf } from '../middleware/request-context.ts';
import { parseMessageFilter } from '../lists/message-filter.ts';
import { isUuid } from '../../lib/uuid.ts';
import { parseCursor, parseLimit, toCursor } from '../lists/pagination.ts';
import { ApiError } from '../problems/problem.ts';
import { parseSchedule } from '../accepting/schedule.ts';
import { ListMessagesQuery, RescheduleBody, SendBatchBody, SendMessageBody } from '../schemas.ts';

export type MessagesDeps = {
  accept: AcceptDeps;
  database: Database;
  engine: Engine;
  authenticator: Authenticator;
  rateGate: RateGate;
};

/** The routes, as the router calls them, that accept messages: refused under overload, and with room for attachments. */
export const ACCEPTING_ROUTES: ReadonlySet<string> = new Set(['/v1/messages/', '/v1/messages/batch']);

/** `/v1/messages`: accept, list and look at messages of the key's client and mode. */
export function messagesController(deps: MessagesDeps) {
  const { database, authenticator, accept } = deps;
  const acceptBatch = createBatchAcceptor();
  return new Elysia({ prefix: '/v1/messages', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .post(
      '/',
      async ({ body, identity, request, status }) => {
        assertScope(identity, 'send');
        assertClient(identity);
        const { trace, claim } = contextOf(request);
        return status(202, await acceptMessage(accept, { body, identity, trace, claim }));
      },
      { body: SendMessageBody },
    )
    .post(
      '/batch',
      async ({ body, identity, request, status }) => {
        assertScope(identity, 'send');
        assertClient(identity);
        const { messages, mode = 'strict' } = body;
        // One of them was counted as the request.
        await deps.rateGate.pass(request, identity, messages.length - 1);
        const { trace, claim } = contextOf(request);
        return status(202, await acceptBatch(accept, { messages, mode, identity, trace, claim }));
      },
      { body: SendBatchBody },
    )
    .post('/:id/cancel', async ({ params, identity }) => {
      const owner = senderOf(identity);
      const message = await loadMessage(database, params.id, owner);
      if (!(await cancelMessage(database.db, { id: message.id, ...owner }))) {
        const { status } = await loadMessage(database, params.id, owner);
        throw new ApiError('not_cancelable', `The message is ${status} already.`);
      }
      return loadDetail(database, params.id, owner);
    })
    .patch(
      '/:id',
      async ({ params, body, identity }) => {
        const owner = senderOf(identity);
        const message = await loadMessage(database, params.id, owner);
        const now = accept.now();
        const scheduledAt = parseSchedule(body.scheduledAt, now) ?? now;
        if (!(await rescheduleMessage(database.db, { id: message.id, ...owner }, scheduledAt))) {
          const { status } = await loadMessage(database, params.id, owner);
          throw new ApiError('not_scheduled', `The message is ${status}; only scheduled ones can be moved.`);
        }
        return loadDetail(database, params.id, owner);
      },
      { body: RescheduleBody },
    )
    .get(
      '/',
      async ({ query, identity }) => {
        const { messages, next } = await listMessages(database.db, {
          owner: ownerOf(identity),
          filter: parseMessageFilter(query),
          before: parseCursor(query.cursor),
          limit: parseLimit(query.limit),
        });
        return { data: messages.map(toSummary), nextCursor: next && toCursor(next) };
      },
      { query: ListMessagesQuery },
    )
    .get('/:id', async ({ params, identity }) => loadDetail(database, params.id, ownerOf(identity)))
    .get('/:id/events', async ({ params, identity }) => {
      const message = await loadMessage(database, params.id, ownerOf(identity));
      const events = await listMessageEvents(database.db, message.id);
      return { data: events.map(toEvent), nextCursor: null };
    })
    .get('/:id/content', async ({ params, identity }) => {
      const message = await loadMessage(database, params.id, ownerOf(identity));
      const { blobs } = accept;
      const render = { db: database.db, engine: deps.engine, loadBody: loadBody.bind(null, blobs) };
      return toContent(await readContent({ ...render, blobs }, message));
    });
}

function ownerOf(identity: Identity): MessageOwner {
  assertScope(identity, 'read');
  assertClient(identity);
  return { clientId: identity.client.id, mode: identity.mode };
}

/** Whoever may send may also take back. */
function senderOf(identity: Identity): MessageOwner {
  assertScope(identity, 'send');
  assertClient(identity);
  return { clientId: identity.client.id, mode: identity.mode };
}

async function loadDetail(database: Database, id: string, owner: MessageOwner) {
  const message = await loadMessage(database, id, owner);
  const [recipients, attachments] = await Promise.all([
    listRecipients(database.db, message.id),
    listAttachments(database.db, message.id),
  ]);
  return toDetail(message, { recipients, attachments });
}

async function loadMessage(database: Database, id: string, owner: MessageOwner): Promise<Message> {
  const message = isUuid(id) ? await findMessage(database.db, id, owner) : null;
  if (!message) throw new ApiError('not_found', `There is no message ${id} for this key.`);
  return message;
}

function toSummary(message: Message) {
  return {
    id: message.id,
    status: message.status,
    mode: message.mode,
    from: message.fromAddress,
    recipient: message.recipient,
    subject: message.subject,
    template: message.templateName,
    templateVersion: message.templateVersion,
    provider: message.provider,
    attempts: message.attempts,
    lastError: message.lastError,
    traceId: message.traceId,
    tags: message.tags,
    priority: message.priority,
    scheduledAt: message.scheduledAt?.toISOString() ?? null,
    createdAt: message.createdAt.toISOString(),
    updatedAt: message.updatedAt.toISOString(),
  };
}

type Parts = { recipients: readonly Recipient[]; attachments: readonly Attachment[] };

function toDetail(message: Message, { recipients, attachments }: Parts) {
  const props: Record<string, unknown> | null = toRedactedProps(message.props);
  return {
    ...toSummary(message),
    props,
    locale: message.locale,
    replyTo: message.replyTo,
    headers: message.headers,
    metadata: message.metadata,
    providerMessageId: message.providerMessageId,
    recipients: recipients.map(({ kind, email, name, status, response }) => ({
      kind,
      email,
      name,
      status,
      response,
    })),
    attachments: attachments.map(({ filename, contentType, contentId, sizeBytes }) => ({
      filename,
      contentType,
      contentId,
      sizeBytes,
    })),
  };
}

function toEvent(event: MessageEvent) {
  const { type, attempt, provider, recipient, detail, createdAt } = event;
  return { type, attempt, provider, recipient, detail, at: createdAt.toISOString() };
}

/** `exact` says that these are the bytes that were sent; before the hand-over nothing has been. */
function toContent(content: ReadContent) {
  if (!content.ok) {
    throw new ApiError('template_render_failed', `The content cannot be rendered again: ${content.message}`);
  }
  return { ...content.body, exact: content.isExact };
}
