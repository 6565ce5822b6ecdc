import { randomInt } from 'node:crypto';
import { checkpointHandOver, claimMessage, type Lease, LeaseLostError, recordOutcome } from '../lib/db/deliveries.ts';
import type { Database } from '../lib/db/database.ts';
import type { Message, Recipient } from '../lib/db/messages.ts';
import type { Engine } from '../lib/engine/engine.ts';
import { composeMime } from '../lib/mail/mime.ts';
import { type AttemptResult, decideOutcome } from '../lib/messages/outcome.ts';
import { type MessageRendering, renderMessage, type RenderedMessage } from '../lib/messages/rendering.ts';
import { type MailHandler, RetryLater } from '../lib/queue/mail-queue.ts';
import type { Provider } from '../lib/providers/provider.ts';
import type { ProviderRegistry } from '../lib/providers/registry.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { toComposeInput } from './compose-input.ts';
import { backoffMs } from './backoff.ts';

export type ProcessorOptions = {
  database: Database;
  engine: Engine;
  providers: ProviderRegistry;
  logger: Logger;
  metrics: Metrics;
  maxAttempts: number;
  retryBaseMs: number;
  leaseMs: number;
};

type Claimed = { lease: Lease; message: Message; recipients: Recipient[] };

/** A send must be over, or given up, while the lease still holds: this share of it. */
const SEND_SHARE_OF_LEASE = 0.8;

/**
 * Takes one message from the queue to its provider. Each step is a guard that records and stops, or hands on; what
 * should be tried again is thrown.
 */
export function createEmailProcessor(options: ProcessorOptions): MailHandler {
  return async ({ messageId }, { trace, signal }) => {
    const logger = options.logger.child({ trace_id: trace.traceId, message_id: messageId });
    const claimed = await claim(options, { messageId, logger });
    if (!claimed) return;
    try {
      const rendering = await render(options, claimed.message);
      const { provider, result } = rendering.ok
        ? await send(options, { ...claimed, rendered: rendering.rendered, signal })
        : { provider: null, result: { kind: 'render_failed' as const, code: rendering.code, message: rendering.message } };
      await record(options, { ...claimed, provider, result, logger });
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      logger.warn('another worker took the message over: what this attempt found is dropped');
    }
  };
}

async function claim(options: ProcessorOptions, { messageId, logger }: { messageId: string; logger: Logger }): Promise<Claimed | null> {
  const result = await claimMessage(options.database, { messageId, leaseMs: options.leaseMs });
  switch (result.kind) {
    case 'claimed':
      options.metrics.queueWaitMs.record(Date.now() - result.message.createdAt.getTime());
      return result;
    case 'leased':
      // Its worker may be alive: come back when the lease ends.
      throw new RetryLater(result.forMs + 100);
    case 'missing':
      logger.warn('the job names a message that does not exist');
      return null;
    case 'ended':
      logger.debug({ status: result.status }, 'nothing left to do');
      return null;
  }
}

/** A render that was killed may have been the victim of a loaded machine: it gets one more try, at once. */
async function render(options: ProcessorOptions, message: Message): Promise<MessageRendering> {
  const startedAt = performance.now();
  const deps = { db: options.database.db, engine: options.engine };
  const first = await renderMessage(deps, message);
  const rendering = first.ok || !first.isKilled ? first : await renderMessage(deps, message);
  options.metrics.renderMs.record(performance.now() - startedAt);
  return rendering;
}

type Attempt = Claimed & { rendered: RenderedMessage; signal: AbortSignal };

async function send(
  { database, providers, metrics, leaseMs }: ProcessorOptions,
  { lease, message, recipients, rendered, signal }: Attempt,
): Promise<{ provider: Provider; result: AttemptResult }> {
  const provider = providers.choose(message);
  const pending = recipients.filter(({ status }) => status === 'sending');
  const input = toComposeInput({ message, recipients, rendered });
  const startedAt = performance.now();
  const result = await provider.send(
    {
      messageId: message.id,
      envelope: { from: input.from.email, to: pending.map(({ email }) => email) },
      mime: await composeMime(input),
    },
    {
      signal: AbortSignal.any([signal, AbortSignal.timeout(leaseMs * SEND_SHARE_OF_LEASE)]),
      onHandOver: () =>
        checkpointHandOver(database, {
          lease,
          provider: provider.name,
          rendered: { subject: rendered.subject, engineVersion: rendered.engineVersion, renderHash: rendered.hash },
        }),
    },
  );
  metrics.providerMs.record(performance.now() - startedAt, { provider: provider.name });
  metrics.providerResults.add(1, { provider: provider.name, kind: result.kind });
  return { provider, result };
}

type Recording = Claimed & { provider: Provider | null; result: AttemptResult; logger: Logger };

async function record(
  { database, metrics, maxAttempts, retryBaseMs }: ProcessorOptions,
  { lease, message, recipients, provider, result, logger }: Recording,
): Promise<void> {
  const outcome = decideOutcome({ recipients, result, isLastAttempt: message.attempts >= maxAttempts });
  await recordOutcome(database, { lease, provider: provider?.name ?? null, outcome });
  metrics.ended.add(1, { status: outcome.status });
  logger.info(
    { status: outcome.status, attempt: message.attempts, provider: provider?.name, reason: outcome.lastError ?? undefined },
    'attempt ended',
  );
  if (outcome.status !== 'queued') return;
  const scheduledMs = backoffMs({ attempt: message.attempts, baseMs: retryBaseMs, random: randomInt(1000) / 1000 });
  throw new RetryLater(outcome.retryAfterMs ?? scheduledMs);
}
