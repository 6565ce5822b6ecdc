import { Elysia } from 'elysia';
import type { MailQueue } from '../../lib/queue/mail-queue.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { assertScope, type Authenticator } from '../middleware/authenticate.ts';
import { idsOf } from '../middleware/request-context.ts';
import { ApiError } from '../problems/problem.ts';

export type QueueDeps = { queue: MailQueue; authenticator: Authenticator; logger: Logger };

/**
 * `/v1/queue`: how much waits, and whether workers may take it. A pause keeps every worker from taking another message,
 * finishes what is under way, and lasts until somebody resumes; mail is accepted meanwhile.
 */
export function queueController({ queue, authenticator, logger }: QueueDeps) {
  return new Elysia({ prefix: '/v1/queue', normalize: false })
    .derive(async ({ request }) => {
      const identity = await authenticator.identify(request);
      assertScope(identity, 'admin');
      return { identity };
    })
    .get('/', () => reach(() => toAnswer(queue)))
    .post('/pause', ({ identity, request }) =>
      reach(async () => {
        await queue.pause();
        logger.warn({ ...idsOf(request), by: identity.keyPrefix }, 'the queue was paused');
        return toAnswer(queue);
      }),
    )
    .post('/resume', ({ identity, request }) =>
      reach(async () => {
        await queue.resume();
        logger.info({ ...idsOf(request), by: identity.keyPrefix }, 'the queue goes on');
        return toAnswer(queue);
      }),
    );
}

async function toAnswer(queue: MailQueue) {
  const [isPaused, depth] = await Promise.all([queue.isPaused(), queue.depth()]);
  return { paused: isPaused, ...depth };
}

/** Whatever goes wrong here is the queue's being away. */
async function reach<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch {
    throw new ApiError('service_unavailable', 'The queue cannot be reached. Try again.', {
      headers: { 'retry-after': '2' },
    });
  }
}
