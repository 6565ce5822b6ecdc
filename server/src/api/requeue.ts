import type { Message } from '../lib/db/messages.ts';
import type { MailQueue } from '../lib/queue/mail-queue.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import { toTraceparent } from '../lib/telemetry/trace-context.ts';
import { resumeOnce, type Tracer } from '../lib/telemetry/tracer.ts';

/**
 * Gives messages that were put back to `queued` their jobs. Where the queue does not take them they stay queued, and the
 * reconciler finds them.
 */
export async function requeue(
  { queue, logger, tracer }: { queue: MailQueue; logger: Logger; tracer: Tracer },
  messages: readonly Pick<Message, 'id' | 'traceId' | 'priority'>[],
): Promise<void> {
  if (messages.length === 0) return;
  try {
    await queue.add(
      messages.map(({ id, traceId, priority }) => ({
        messageId: id,
        priority,
        traceparent: toTraceparent(resumeOnce(tracer, 'mail.requeue', traceId)),
      })),
    );
  } catch (error) {
    logger.warn(
      { err: error, messages: messages.length },
      'put back, but not enqueued yet: the reconciler will',
    );
  }
}
