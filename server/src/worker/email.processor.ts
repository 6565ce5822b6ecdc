import { randomInt } from 'node:crypto';
import {
  checkpointHandOver,
  claimMessage,
  type Lease,
  LeaseLostError,
  recordOutcome,
} from '../lib/db/deliveries.ts';
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
import { persist } from './persist.ts';
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

type Claimed = {
  lease: Lease;
  /** On this process's own clock, from just before the claim: never later than the database's. */
  leaseEndsAt: number;
  message: Message;
  recipients: Recipient[];
};

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
      const { provider, result } = await attempt(options, { ...claimed, signal, logger });
      await record(options, { ...claimed, provider, result, logger });
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      logger.warn('another worker took the message over: what this attempt found is dropped');
    }
  };
}

async function claim(
  options: ProcessorOptions,
  { messageId, logger }: { messageId: string; logger: Logger },
): Promise<Claimed | null> {
  const leaseEndsAt = performance.now() + options.leaseMs;
  const result = await claimMessage(options.database, { messageId, leaseMs: options.leaseMs });
  switch (result.kind) {
    case 'claimed':
      options.metrics.queueWaitMs.record(Date.now() - result.message.createdAt.getTime());
      return { ...result, leaseEndsAt };
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
  const deps = { db: options.database.db, engine: options.engine };
  const first = await renderMessage(deps, message);
  return first.ok || !first.isKilled ? first : renderMessage(deps, message);
}

type Attempt = Claimed & { signal: AbortSignal; logger: Logger };
type Attempted = { provider: Provider | null; result: AttemptResult };

/** From claimed to a result; only a lost lease is thrown. */
async function attempt(options: ProcessorOptions, input: Attempt): Promise<Attempted> {
  const { message, logger } = input;
  if (message.attempts > options.maxAttempts) {
    // Earlier attempts ended without a word: their worker was killed, perhaps by this very message.
    return unsendable('attempts_exhausted', 'No attempt came to an end.');
  }
  const progress = { wasHandedOver: false };
  const provider = options.providers.choose(message);
  try {
    const rendering = await render(options, message);
    if (!rendering.ok) return unsendable(rendering.code, rendering.message);
    const result = await send(options, { ...input, provider, rendered: rendering.rendered, progress });
    return { provider, result: isOurDoing(result, input.signal) ? { kind: 'handed_back' } : result };
  } catch (error) {
    if (error instanceof LeaseLostError) throw error;
    logger.error({ err: error }, 'an attempt ended in an error nobody expected');
    // Its text is for our log alone: it may quote a statement with somebody's mail in it.
    const text = `internal error; the log has it under trace ${message.traceId}`;
    return { provider, result: { kind: 'crashed', message: text, wasHandedOver: progress.wasHandedOver } };
  }
}

/** The process is stopping and cut the attempt short before anything was handed over: the provider did nothing wrong. */
function isOurDoing({ kind }: AttemptResult, stopping: AbortSignal): boolean {
  return stopping.aborted && kind === 'provider_down';
}

function unsendable(code: string, message: string): Attempted {
  return { provider: null, result: { kind: 'unsendable', code, message } };
}

type Sending = Attempt & {
  provider: Provider;
  rendered: RenderedMessage;
  progress: { wasHandedOver: boolean };
};

async function send(
  { database, metrics, leaseMs }: ProcessorOptions,
  { lease, leaseEndsAt, message, recipients, provider, rendered, progress, signal }: Sending,
): Promise<AttemptResult> {
  const input = toComposeInput({ message, recipients, rendered });
  const to = recipients.filter(({ status }) => status === 'sending').map(({ email }) => email);
  const mime = await composeMime(input);
  const facts = {
    subject: rendered.subject,
    engineVersion: rendered.engineVersion,
    renderHash: rendered.hash,
  };
  const startedAt = performance.now();
  const sendEndsAt = leaseEndsAt - leaseMs * (1 - SEND_SHARE_OF_LEASE);
  const timeoutMs = Math.max(sendEndsAt - startedAt, 0);
  const result = await provider.send(
    {
      messageId: message.id,
      envelope: { from: input.from.email, to },
      mime,
      parts: () => input,
    },
    {
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      async onHandOver() {
        const detail = rendered.localeTrail === null ? null : `locale ${rendered.localeTrail}`;
        await checkpointHandOver(database, { lease, provider: provider.name, rendered: facts, detail });
        progress.wasHandedOver = true;
      },
    },
  );
  metrics.providerMs.record(performance.now() - startedAt, { provider: provider.name });
  metrics.providerResults.add(1, { provider: provider.name, kind: result.kind });
  return result;
}

type Recording = Claimed & { provider: Provider | null; result: AttemptResult; logger: Logger };

async function record(
  { database, metrics, maxAttempts, retryBaseMs }: ProcessorOptions,
  { lease, leaseEndsAt, message, recipients, provider, result, logger }: Recording,
): Promise<void> {
  const outcome = decideOutcome({ recipients, result, isLastAttempt: message.attempts >= maxAttempts });
  await persist(() => recordOutcome(database, { lease, provider: provider?.name ?? null, outcome }), {
    isOver: () => performance.now() > leaseEndsAt,
    onRetry: (error) => logger.warn({ err: error }, 'the outcome could not be written yet'),
  });
  metrics.ended.add(1, { status: outcome.status });
  logger.info(
    {
      status: outcome.status,
      attempt: message.attempts,
      provider: provider?.name,
      reason: outcome.lastError ?? undefined,
    },
    'attempt ended',
  );
  if (outcome.status !== 'queued') return;
  const scheduledMs = backoffMs({
    attempt: message.attempts,
    baseMs: retryBaseMs,
    random: randomInt(1000) / 1000,
  });
  throw new RetryLater(outcome.retryAfterMs ?? scheduledMs);
}
