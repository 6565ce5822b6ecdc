import { Elysia, t } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { type ActionResult, resolveMessage, retryMessage } from '../../lib/db/resolutions.ts';
import type { MailQueue } from '../../lib/queue/mail-queue.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Tracer } from '../../lib/telemetry/tracer.ts';
import { toActor } from '../actor.ts';
import type { Authenticator } from '../middleware/authenticate.ts';
import { idsOf } from '../middleware/request-context.ts';
import { isUuid } from '../../lib/uuid.ts';
import { ApiError, type ProblemCode } from '../problems/problem.ts';
import { requeue } from '../requeue.ts';

export type MessageActionsDeps = {
  database: Database;
  queue: MailQueue;
  logger: Logger;
  tracer: Tracer;
  authenticator: Authenticator;
};

/** Body of `POST /v1/messages/:id/resolve`. */
const ResolveMessageBody = t.Object(
  {
    as: t.Union([t.Literal('sent'), t.Literal('failed'), t.Literal('retry')], {
      description: 'must be "sent", "failed" or "retry"',
    }),
  },
  { additionalProperties: false },
);

/** What a person decides about a message that no worker will touch again by itself. */
export function messageActionsController({
  database,
  queue,
  logger,
  tracer,
  authenticator,
}: MessageActionsDeps) {
  return new Elysia({ prefix: '/v1/messages', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .post(
      '/:id/resolve',
      async ({ params: { id: messageId }, body, identity, request }) => {
        const actor = toActor(identity);
        const result = await act(messageId, () =>
          resolveMessage(database, { messageId, as: body.as, actor }),
        );
        const message = assertDone(result, { messageId, code: 'not_resolvable' });
        if (message.status === 'queued')
          await requeue({ queue, logger: logger.child(idsOf(request)), tracer }, [message]);
        return { messageId, status: message.status };
      },
      { body: ResolveMessageBody },
    )
    .post('/:id/retry', async ({ params: { id: messageId }, identity, request }) => {
      const actor = toActor(identity);
      const result = await act(messageId, () => retryMessage(database, { messageId, actor }));
      const message = assertDone(result, { messageId, code: 'not_retryable' });
      await requeue({ queue, logger: logger.child(idsOf(request)), tracer }, [message]);
      return { messageId, status: message.status };
    });
}

async function act(id: string, action: () => Promise<ActionResult>): Promise<ActionResult> {
  return isUuid(id) ? action() : { kind: 'missing' };
}

/** @throws ApiError `not_found`, or the code of a message in the wrong state */
export function assertDone(
  result: ActionResult,
  { messageId, code }: { messageId: string; code: ProblemCode },
): Extract<ActionResult, { kind: 'done' }>['message'] {
  switch (result.kind) {
    case 'done':
      return result.message;
    case 'missing':
      throw new ApiError('not_found', `There is no message ${messageId} for this key.`);
    case 'refused':
      throw new ApiError(code, `Message ${messageId} is ${result.status}.`);
  }
}
