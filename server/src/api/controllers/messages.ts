import { Elysia } from 'elysia';
import type { Config } from '../../config.ts';
import type { Database } from '../../lib/db/database.ts';
import {
  findMessage,
  listMessageEvents,
  listMessages,
  listRecipients,
  type Message,
  type MessageEvent,
  type MessageFilter,
  type MessageOwner,
  type Recipient,
} from '../../lib/db/messages.ts';
import type { Engine } from '../../lib/engine/engine.ts';
import { parseAddress } from '../../lib/mail/address.ts';
import { renderMessage } from '../../lib/messages/rendering.ts';
import type { MailQueue } from '../../lib/queue/mail-queue.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { acceptMessage } from '../accept-message.ts';
import { assertClient, assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import { contextOf } from '../middleware/request-context.ts';
import { isUuid, parseCursor, parseLimit, toPage } from '../pagination.ts';
import { parseIsoTime } from '../iso-time.ts';
import { ApiError } from '../problem.ts';
import { ListMessagesQuery, SendMessageBody } from '../schemas.ts';

export type MessagesDeps = {
  config: Pick<Config, 'mailFrom'>;
  database: Database;
  queue: MailQueue;
  engine: Engine;
  authenticator: Authenticator;
  logger: Logger;
  metrics: Metrics;
};

/** `/v1/messages`: accept, list and look at messages of the key's client and mode. */
export function messagesController(deps: MessagesDeps) {
  const { database, authenticator } = deps;
  return new Elysia({ prefix: '/v1/messages', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .post(
      '/',
      async ({ body, identity, request, status }) => {
        assertScope(identity, 'send');
        assertClient(identity);
        const message = await acceptMessage(deps, { body, identity, trace: contextOf(request).trace });
        return status(202, {
          messageId: message.id,
          status: message.status,
          createdAt: message.createdAt.toISOString(),
        });
      },
      { body: SendMessageBody },
    )
    .get(
      '/',
      async ({ query, identity }) => {
        const limit = parseLimit(query.limit);
        const rows = await listMessages(database.db, {
          owner: ownerOf(identity),
          filter: toFilter(query),
          before: parseCursor(query.cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, toSummary);
      },
      { query: ListMessagesQuery },
    )
    .get('/:id', async ({ params, identity }) => {
      const message = await loadMessage(database, params.id, ownerOf(identity));
      return toDetail(message, await listRecipients(database.db, message.id));
    })
    .get('/:id/events', async ({ params, identity }) => {
      const message = await loadMessage(database, params.id, ownerOf(identity));
      const events = await listMessageEvents(database.db, message.id);
      return { data: events.map(toEvent), nextCursor: null };
    })
    .get('/:id/content', async ({ params, identity }) => {
      const message = await loadMessage(database, params.id, ownerOf(identity));
      return toContent(message, await renderMessage({ db: database.db, engine: deps.engine }, message));
    });
}

function ownerOf(identity: Identity): MessageOwner {
  assertScope(identity, 'read');
  assertClient(identity);
  return { clientId: identity.client.id, mode: identity.mode };
}

async function loadMessage(database: Database, id: string, owner: MessageOwner): Promise<Message> {
  const message = isUuid(id) ? await findMessage(database.db, id, owner) : null;
  if (!message) throw new ApiError('not_found', `There is no message ${id} for this key.`);
  return message;
}

function toFilter(query: typeof ListMessagesQuery.static): MessageFilter {
  const { status, recipient, template, since, until } = query;
  return {
    ...(status ? { status } : {}),
    ...(recipient ? { recipient: parseRecipient(recipient) } : {}),
    ...(template ? { template } : {}),
    ...(since ? { since: parseIsoTime(since, '/since') } : {}),
    ...(until ? { until: parseIsoTime(until, '/until') } : {}),
  };
}

/** In the form it was stored in: without a name, the domain in lower case. */
function parseRecipient(text: string): string {
  const parsed = parseAddress(text);
  if (parsed.ok) return parsed.address.email;
  throw new ApiError('invalid_request', 'The recipient to look for is no address.', {
    errors: [{ path: '/recipient', message: parsed.reason }],
  });
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
    createdAt: message.createdAt.toISOString(),
    updatedAt: message.updatedAt.toISOString(),
  };
}

function toDetail(message: Message, recipients: readonly Recipient[]) {
  return {
    ...toSummary(message),
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
  };
}

function toEvent(event: MessageEvent) {
  const { type, attempt, provider, recipient, detail, createdAt } = event;
  return { type, attempt, provider, recipient, detail, at: createdAt.toISOString() };
}

/** `exact` says that these are the bytes that were sent; before the hand-over nothing has been. */
function toContent(message: Message, rendering: Awaited<ReturnType<typeof renderMessage>>) {
  if (!rendering.ok) {
    throw new ApiError(
      'template_render_failed',
      `The content cannot be rendered again: ${rendering.message}`,
    );
  }
  const { subject, html, text, hash } = rendering.rendered;
  return { subject, html, text, exact: hash === message.renderHash };
}
