import type { Message } from '../lib/db/messages.ts';
import type { MailQueue } from '../lib/queue/mail-queue.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import { continueTrace, toTraceparent } from '../lib/telemetry/trace-context.ts';

/**
 * Gives messages that were put back to `queued` their jobs. Where the queue does not take them they stay queued, and the
 * reconciler finds them.
 */
export async function requeue(
  { queue, logger }: { queue: MailQueue; logger: Logger },
  messages: readonly Pick<Message, 'id' | 'traceId' | 'priority'>[],
): Promise<void> {
  if (messages.length === 0) return;
  try {
    await queue.add(
      messages.map(({ id, traceId, priority }) => ({
        messageId: id,
        priority,
        traceparent: toTraceparent(continueTrace({ traceId, spanId: '', isSampled: false })),
      })),
    );
  } catch (error) {
    logger.warn(
      { err: error, messages: messages.length },
      'put back, but not enqueued yet: the reconciler will',
    );
  }
}
