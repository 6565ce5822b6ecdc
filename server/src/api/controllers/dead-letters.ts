import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import {
  type DeadLetter,
  discardDeadLetters,
  findDeadLetter,
  listDeadLetters,
} from '../../lib/db/dead-letters.ts';
import type { MessageOwner } from '../../lib/db/messages.ts';
import { retryMessage, retryMessages } from '../../lib/db/resolutions.ts';
import type { MailQueue } from '../../lib/queue/mail-queue.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Tracer } from '../../lib/telemetry/tracer.ts';
import { toActor, toOwner } from '../actor.ts';
import {
  DeadLetterFilterBody,
  ListDeadLettersQuery,
  toDeadLetterFilter,
} from '../lists/dead-letter-filter.ts';
import { walkDeadLetters } from '../lists/dead-letter-walk.ts';
import type { Authenticator } from '../middleware/authenticate.ts';
import { idsOf } from '../middleware/request-context.ts';
import { isUuid } from '../../lib/uuid.ts';
import { parseCursor, parseLimit, toPage } from '../lists/pagination.ts';
import { ApiError } from '../problems/problem.ts';
import { requeue } from '../requeue.ts';
import { assertDone } from './message-actions.ts';

export type DeadLettersDeps = {
  database: Database;
  queue: MailQueue;
  logger: Logger;
  tracer: Tracer;
  authenticator: Authenticator;
};

/** `/v1/dead-letters`: what was given up. A client's key sees its own, an admin's everybody's. */
export function deadLettersController({ database, queue, logger, tracer, authenticator }: DeadLettersDeps) {
  return new Elysia({ prefix: '/v1/dead-letters', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .get(
      '/',
      async ({ query, identity }) => {
        const limit = parseLimit(query.limit);
        const rows = await listDeadLetters(database.db, {
          owner: toOwner(identity, 'read'),
          filter: toDeadLetterFilter(query),
          before: parseCursor(query.cursor),
          limit: limit + 1,
        });
        return toPage(rows, limit, toAnswer);
      },
      { query: ListDeadLettersQuery },
    )
    .get('/:id', async ({ params, identity }) => {
      const { history, ...letter } = await loadLetter(database, params.id, toOwner(identity, 'read'));
      return { ...toAnswer(letter), history };
    })
    .post(
      '/retry',
      async ({ body, identity, request }) => {
        const actor = toActor(identity);
        const target = { database, owner: actor.owner, filter: toDeadLetterFilter(body) };
        const { count, hasMore } = await walkDeadLetters(target, async (messageIds) => {
          const retried = await retryMessages(database, { messageIds, actor });
          await requeue({ queue, logger: logger.child(idsOf(request)), tracer }, retried);
          return retried.length;
        });
        return { retried: count, hasMore };
      },
      { body: DeadLetterFilterBody },
    )
    .post(
      '/discard',
      async ({ body, identity, request }) => {
        const { owner, by } = toActor(identity);
        const target = { database, owner, filter: toDeadLetterFilter(body) };
        const { count, hasMore } = await walkDeadLetters(
          target,
          async (messageIds) => (await discardDeadLetters(database.db, messageIds)).length,
        );
        logger.info({ ...idsOf(request), discarded: count, by }, 'dead letters were discarded');
        return { discarded: count, hasMore };
      },
      { body: DeadLetterFilterBody },
    )
    .post('/:id/retry', async ({ params, identity, request }) => {
      const actor = toActor(identity);
      const { id: messageId } = await loadLetter(database, params.id, actor.owner);
      const result = await retryMessage(database, { messageId, actor });
      const message = assertDone(result, { messageId, code: 'not_retryable' });
      await requeue({ queue, logger: logger.child(idsOf(request)), tracer }, [message]);
      return { messageId, status: message.status };
    })
    .delete('/:id', async ({ params, identity, request, set }) => {
      const { owner, by } = toActor(identity);
      const { id: messageId } = await loadLetter(database, params.id, owner);
      await discardDeadLetters(database.db, [messageId]);
      logger.info({ ...idsOf(request), message_id: messageId, by }, 'a dead letter was discarded');
      set.status = 204;
    });
}

async function loadLetter(database: Database, messageId: string, owner: MessageOwner | null) {
  const letter = isUuid(messageId) ? await findDeadLetter(database.db, { messageId, owner }) : null;
  if (!letter)
    throw new ApiError('not_found', `There is no dead letter of a message ${messageId} for this key.`);
  return letter;
}

function toAnswer(letter: DeadLetter) {
  const { id, clientId, templateName, provider, reason, attempts, recipient, subject, createdAt } = letter;
  return {
    messageId: id,
    clientId,
    template: templateName,
    provider,
    reason,
    attempts,
    recipient,
    subject,
    createdAt: createdAt.toISOString(),
  };
}
