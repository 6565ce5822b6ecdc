import type { Config } from '../config.ts';
import type { LoadedAttachment } from '../lib/blobs/message-content.ts';
import type { Deliveries } from '../lib/db/deliveries.ts';
import {
  type ClaimedMessage,
  type ClaimedRecipient,
  type Lease,
  LeaseLostError,
  type NewEvent,
} from '../lib/db/deliveries-types.ts';
import { composeMime } from '../lib/mail/mime.ts';
import type { BodyKeeper } from '../lib/messages/kept-body.ts';
import { type AttemptOutcome, type AttemptResult, decideOutcome } from '../lib/messages/outcome.ts';
import type { MessageStatus } from '../lib/messages/status.ts';
import type { MessageRenderer, MessageRendering, RenderedMessage } from '../lib/messages/rendering.ts';
import { type MailHandler, RetryLater } from '../lib/queue/mail-queue.ts';
import type { OutboundMail } from '../lib/providers/provider.ts';
import type { ProviderRouter, RouterResult } from '../lib/providers/router.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { parseTraceparent } from '../lib/telemetry/trace-context.ts';
import { inSpan, type Span, type Tracer } from '../lib/telemetry/tracer.ts';
import { backoffMs, wishedDelayMs } from './backoff.ts';
import { toComposeInput } from './compose-input.ts';
import { createDeadline } from './deadline.ts';
import { persist } from './persist.ts';
import type { RouteGate } from './route-gate.ts';
import type { Step, StepListener } from './steps.ts';

export type ProcessorOptions = {
  deliveries: Deliveries;
  render: MessageRenderer;
  router: ProviderRouter;
  gate: RouteGate;
  loadAttachments: (messageId: string) => Promise<readonly LoadedAttachment[]>;
  /** Where one click takes the recipient off the list; null where this service has no address of its own. */
  unsubscribeUrl: (messageId: string, secret: string) => string | null;
  /** Null where bodies are not kept. */
  keepBody: BodyKeeper | null;
  retry: Config['retry'];
  leaseMs: number;
  logger: Logger;
  metrics: Metrics;
  tracer: Tracer;
  onStep?: StepListener | undefined;
  /** From 0 up to 1. */
  random?: () => number;
};

/** One attempt at one message, from the claim on. */
type Attempt = {
  lease: Lease;
  /** On this process's own clock, from just before the claim: never later than the database's. */
  leaseEndsAt: number;
  message: ClaimedMessage;
  recipients: ClaimedRecipient[];
  /** Fires when the process must stop. */
  stopping: AbortSignal;
  /** The provider that has the hand-over, as far as is committed. */
  handedOverTo: string | null;
  /** What happened and is in no timeline yet; the next write takes it along. */
  untold: NewEvent[];
  /** The attempt as a whole. */
  span: Span;
  /** What every log line about it carries. */
  log: { trace_id: string; message_id: string };
};

type Attempted = { provider: string | null; result: AttemptResult };

/** A send must be over, or given up, while the lease still holds: this share of it. */
const SEND_SHARE_OF_LEASE = 0.8;

/** What a provider answered is worth keeping for some time after the lease: one that was given up as unknown still takes it. */
const LATE_LEASES = 1;

/** Who waits for another's lease looks a little after its end. */
const AFTER_LEASE_MS = 100;

/**
 * Takes one message from the queue to its provider. Each step is a guard that records and stops, or hands on; what
 * should be tried again is thrown.
 */
export function createEmailProcessor(options: ProcessorOptions): MailHandler {
  return async ({ messageId, traceparent }, { signal }) => {
    const waitMs = options.gate.waitForMessage(messageId);
    if (waitMs > 0) throw new RetryLater(waitMs);
    const span = options.tracer.enter('mail.attempt', {
      role: 'consumer',
      parent: parseTraceparent(traceparent),
      attributes: { 'mail.message.id': messageId },
    });
    const log = { trace_id: span.traceId, message_id: messageId };
    try {
      const attempt = await claim(options, { messageId, stopping: signal, span, log });
      if (attempt) await record(options, attempt, await carryOut(options, attempt));
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      options.logger.warn(log, 'another worker took the message over: what this attempt found is dropped');
    } finally {
      span.end();
      options.gate.release(messageId);
    }
  };
}

async function claim(
  { deliveries, leaseMs, logger, metrics, onStep }: ProcessorOptions,
  { messageId, stopping, span, log }: Pick<Attempt, 'stopping' | 'span' | 'log'> & { messageId: string },
): Promise<Attempt | null> {
  const leaseEndsAt = performance.now() + leaseMs;
  const result = await inSpan(span, 'mail.claim', () => deliveries.claim(messageId));
  switch (result.kind) {
    case 'claimed':
      noteStart(metrics, span, result.message);
      await onStep?.('claimed', messageId);
      return { ...result, leaseEndsAt, stopping, handedOverTo: null, untold: [], span, log };
    case 'leased':
      // Its worker may be alive, or its time has not come.
      throw new RetryLater(result.forMs + AFTER_LEASE_MS);
    case 'missing':
      logger.warn(log, 'the job names a message that does not exist');
      return null;
    case 'ended':
      logger.debug({ ...log, status: result.status }, 'nothing left to do');
      return null;
  }
}

function noteStart({ queueWait }: Metrics, span: Span, message: ClaimedMessage): void {
  const { attempts, dueAtMs, mode, priority, templateName } = message;
  if (attempts === 1) queueWait.record(Date.now() - dueAtMs);
  span.set({
    'mail.attempt': attempts,
    'mail.mode': mode,
    'mail.priority': priority,
    ...(templateName !== null && { 'mail.template': templateName }),
  });
}

/** From claimed to a result; only a lost lease is thrown. */
async function carryOut(options: ProcessorOptions, attempt: Attempt): Promise<Attempted> {
  const { message, recipients, log } = attempt;
  if (message.attempts > options.retry[message.priority].maxAttempts) {
    // Earlier attempts ended without a word: their worker was killed, perhaps by this very message.
    return unsendable('attempts_exhausted', 'No attempt came to an end.');
  }
  if (!recipients.some(isPending)) return { provider: null, result: { kind: 'nobody_left' } };
  const shutMs = options.gate.waitForRoute(message.id, message);
  if (shutMs > 0) return { provider: null, result: waitingForProvider(shutMs) };
  try {
    const rendering = await inSpan(attempt.span, 'mail.render', (span) => render(options, message, span));
    if (!rendering.ok) return unsendable(rendering.code, rendering.message);
    await options.onStep?.('rendered', message.id);
    return await send(options, attempt, rendering.rendered);
  } catch (error) {
    if (error instanceof LeaseLostError) throw error;
    options.logger.error({ ...log, err: error }, 'an attempt ended in an error nobody expected');
    // Its text is for our log alone: it may quote a statement with somebody's mail in it.
    const text = `internal error; the log has it under trace ${message.traceId}`;
    const wasHandedOver = attempt.handedOverTo !== null;
    return { provider: attempt.handedOverTo, result: { kind: 'crashed', message: text, wasHandedOver } };
  }
}

function isPending({ status }: ClaimedRecipient): boolean {
  return status === 'sending';
}

function unsendable(code: string, message: string): Attempted {
  return { provider: null, result: { kind: 'unsendable', code, message } };
}

function waitingForProvider(retryAfterMs: number): RouterResult['result'] {
  return { kind: 'no_provider', reason: 'no provider can take mail at present', retryAfterMs };
}

/** A render that was killed may have been the victim of a loaded machine: it gets one more try, at once. */
async function render(
  options: ProcessorOptions,
  message: ClaimedMessage,
  span: Span,
): Promise<MessageRendering> {
  const first = await options.render(message);
  const last = first.ok || !first.isKilled ? first : await options.render(message);
  if (!last.ok) span.set({ 'error.type': last.code });
  return last;
}

async function send(
  options: ProcessorOptions,
  attempt: Attempt,
  rendered: RenderedMessage,
): Promise<Attempted> {
  const { message, leaseEndsAt, stopping } = attempt;
  const { leaseMs, router, gate, metrics, onStep } = options;
  const keptBodyBlob = options.keepBody ? await options.keepBody(message.id, rendered) : null;
  const mail = await inSpan(attempt.span, 'mail.compose', () => compose(options, attempt, rendered));
  await onStep?.('composed', message.id);
  const startedAt = performance.now();
  const deadline = createDeadline(stopping, leaseEndsAt - leaseMs * (1 - SEND_SHARE_OF_LEASE) - startedAt);
  const handOver = createHandOver(options, attempt, { rendered, keptBodyBlob });
  try {
    const { provider, result } = await router.send(mail, message, {
      ...handOver,
      signal: deadline.signal,
      span: attempt.span,
    });
    if (result.kind === 'no_provider') gate.shut(message, result.retryAfterMs);
    else gate.open(message);
    metrics.providerTime.record(performance.now() - startedAt, { provider: provider ?? 'none' });
    metrics.providerResults.add(1, { provider: provider ?? 'none', kind: result.kind });
    await onStep?.('answered', message.id);
    return { provider, result: isOurDoing(result, stopping) ? { kind: 'handed_back' } : result };
  } finally {
    deadline.clear();
  }
}

/** The process is stopping and cut the attempt short before anything was handed over: the provider did nothing wrong. */
function isOurDoing({ kind }: AttemptResult, stopping: AbortSignal): boolean {
  return stopping.aborted && kind === 'provider_down';
}

async function compose(
  { loadAttachments, unsubscribeUrl }: ProcessorOptions,
  { message, recipients }: Attempt,
  rendered: RenderedMessage,
): Promise<OutboundMail> {
  const input = toComposeInput({
    message,
    recipients,
    rendered,
    attachments: message.hasAttachments ? await loadAttachments(message.id) : [],
    unsubscribeUrl:
      message.unsubscribeSecret === null ? null : unsubscribeUrl(message.id, message.unsubscribeSecret),
  });
  const to = recipients.filter(isPending).map(({ email }) => email);
  return {
    messageId: message.id,
    envelope: { from: input.from.email, to },
    mime: await composeMime(input),
    parts: () => input,
  };
}

type Leaving = { rendered: RenderedMessage; keptBodyBlob: string | null };

/** What the router tells on the way: a hand-over is committed before it resolves. */
function createHandOver(
  { deliveries, logger, onStep }: ProcessorOptions,
  attempt: Attempt,
  { rendered, keptBodyBlob }: Leaving,
) {
  const { lease, untold } = attempt;
  const { subject, engineVersion, hash: renderHash, localeTrail } = rendered;
  const step = (name: Step) => onStep?.(name, lease.messageId);
  return {
    async onHandOver(provider: string) {
      await step('handing_over');
      const facts = { rendered: { subject, engineVersion, renderHash }, keptBodyBlob };
      const detail = localeTrail === null ? null : `locale ${localeTrail}`;
      const before = [...untold];
      await inSpan(attempt.span, 'mail.hand_over', () =>
        deliveries.checkpoint({ lease, provider, ...facts, detail, before }),
      );
      untold.splice(0, before.length);
      attempt.handedOverTo = provider;
      await step('handed_over');
    },
    async onHandOverRevoked() {
      await persist(() => deliveries.revoke(lease), {
        isOver: () => performance.now() > attempt.leaseEndsAt,
        onRetry: (error) =>
          logger.warn({ ...attempt.log, err: error }, 'the hand-over could not be taken back yet'),
      });
      attempt.handedOverTo = null;
    },
    onFailover(provider: string, reason: string) {
      untold.push({ type: 'failed_over', provider, detail: reason });
    },
  };
}

async function record(
  options: ProcessorOptions,
  { lease, leaseEndsAt, handedOverTo, message, recipients, untold, span, log }: Attempt,
  { provider, result }: Attempted,
): Promise<void> {
  const { deliveries, gate, retry, leaseMs, logger, metrics, onStep } = options;
  const isOverAt = leaseEndsAt + (handedOverTo === null ? 0 : LATE_LEASES * leaseMs);
  const isLastAttempt = message.attempts >= retry[message.priority].maxAttempts;
  const outcome = decideOutcome({ recipients, result, isLastAttempt });
  const retryMs = outcome.status === 'queued' ? retryDelayMs(options, message, outcome) : null;
  const write = () => deliveries.record({ lease, provider, outcome, retryMs, before: untold });
  const status = await inSpan(span, 'mail.record', () =>
    persist(write, {
      isOver: () => performance.now() > isOverAt,
      onRetry: (error) => logger.warn({ ...log, err: error }, 'the outcome could not be written yet'),
    }),
  );
  await onStep?.('recorded', message.id);
  noteEnd(metrics, { message, status, result });
  span.set({ 'mail.status': status, 'mail.result': result.kind });
  const reason = outcome.lastError ?? undefined;
  logger.info(
    { ...log, status, attempt: message.attempts, provider: provider ?? undefined, reason },
    'attempt ended',
  );
  if (status === 'queued') throw new RetryLater(retryMs ?? 0);
  gate.forget(message.id);
}

type End = { message: ClaimedMessage; status: MessageStatus; result: AttemptResult };

function noteEnd(metrics: Metrics, { message, status, result }: End): void {
  metrics.attempts.add(1, { status });
  if (status === 'failed') {
    metrics.failed.add(1, { reason: result.kind === 'unsendable' ? result.code : result.kind });
  }
  if (status === 'sent' || status === 'delivered') {
    metrics.deliveryTime.record(Date.now() - message.dueAtMs, { mode: message.mode });
  }
}

function retryDelayMs(
  { retry, random = Math.random }: ProcessorOptions,
  { attempts, priority }: ClaimedMessage,
  { retryAfterMs }: AttemptOutcome,
): number {
  if (retryAfterMs !== null) return wishedDelayMs({ wishMs: retryAfterMs, random: random() });
  return backoffMs({ attempt: attempts, policy: retry[priority], random: random() });
}
