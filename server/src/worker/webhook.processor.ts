import {
  type AttemptVerdict,
  type ClaimedDelivery,
  claimDelivery,
  recordAttempt,
} from '../lib/db/webhooks-deliveries.ts';
import type { Database } from '../lib/db/database.ts';
import type { WebhookEndpoint } from '../lib/db/webhooks-endpoints.ts';
import { RetryLater } from '../lib/queue/mail-queue.ts';
import type { WebhookHandler, WebhookQueue } from '../lib/queue/webhook-queue.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import type { SecretBox } from '../lib/webhooks/secret-box.ts';
import type { SendResult, WebhookSender } from '../lib/webhooks/sender.ts';
import { signWebhook } from '../lib/webhooks/signature.ts';

export type WebhookProcessorOptions = {
  database: Database;
  queue: WebhookQueue;
  send: WebhookSender;
  box: SecretBox;
  /** Waits between the attempts of one schedule; behind the last of them nothing more is tried. */
  retryDelaysMs: readonly number[];
  timeoutMs: number;
  /** Attempts under way at one endpoint: a receiver that is slow takes no more of the lane. */
  maxAtOneEndpoint: number;
  logger: Logger;
  metrics: Metrics;
  now: () => Date;
};

/** What finds its endpoint busy comes back after a while, and after a longer one each time. */
const BUSY_BASE_MS = 250;
const BUSY_MAX_MS = 10_000;

/** Beyond the request's own limit, for what is written before and after it. */
const LEASE_MARGIN_MS = 20_000;

const GONE = 410;

/** What a worker does with one due delivery: claim, sign, send, record. */
export function createWebhookProcessor(options: WebhookProcessorOptions): WebhookHandler {
  const { database, timeoutMs, maxAtOneEndpoint } = options;
  const busy = new Map<string, number>();
  return async ({ deliveryId, endpointId }, { signal, returns }) => {
    const underWay = busy.get(endpointId) ?? 0;
    if (underWay >= maxAtOneEndpoint) {
      throw new RetryLater(Math.min(BUSY_BASE_MS * 2 ** Math.min(returns, 10), BUSY_MAX_MS));
    }
    busy.set(endpointId, underWay + 1);
    try {
      const claimed = await claimDelivery(database.db, deliveryId, { leaseMs: timeoutMs + LEASE_MARGIN_MS });
      if (claimed) await attempt(options, claimed, signal);
    } finally {
      const left = (busy.get(endpointId) ?? 1) - 1;
      if (left > 0) busy.set(endpointId, left);
      else busy.delete(endpointId);
    }
  };
}

async function attempt(
  options: WebhookProcessorOptions,
  claimed: ClaimedDelivery,
  signal: AbortSignal,
): Promise<void> {
  const { database, queue, metrics, logger, now } = options;
  const startedAt = now();
  const startedMs = performance.now();
  const sent = await signAndSend(options, { claimed, signal, at: startedAt });
  const durationMs = Math.round(performance.now() - startedMs);
  const verdict = toVerdict(sent, claimed.delivery.scheduleAttempts, options.retryDelaysMs);
  metrics.webhookAttempts.add(1, { result: verdict.kind });
  metrics.webhookTime.record(durationMs, { result: verdict.kind });
  if (verdict.kind === 'delivered')
    metrics.webhookDelay.record(now().getTime() - claimed.delivery.scheduleStartedAt.getTime());
  const result = { startedAt, durationMs, ...sent };
  const { paused, due } = await recordAttempt(database, claimed, { result, verdict, at: now() });
  if (paused === null) return;
  const { id, clientId } = claimed.endpoint;
  metrics.webhookPauses.add(1, { reason: paused });
  logger.warn(
    { webhook_endpoint_id: id, client_id: clientId, reason: paused },
    'a webhook endpoint was paused',
  );
  await queue.add(due);
}

async function signAndSend(
  { box, send, logger }: WebhookProcessorOptions,
  {
    claimed: { delivery, endpoint },
    signal,
    at,
  }: { claimed: ClaimedDelivery; signal: AbortSignal; at: Date },
): Promise<SendResult> {
  const secrets = openSecrets(box, endpoint, at);
  if (secrets instanceof Error) {
    logger.error({ err: secrets, webhook_endpoint_id: endpoint.id }, 'a webhook cannot be signed');
    return { statusCode: null, error: 'the secret cannot be read; rotate it', response: null };
  }
  const body = delivery.payload;
  const headers = signWebhook({ id: delivery.id, body, secrets, at });
  return send({ url: endpoint.url, headers, body }, signal);
}

/** The secrets that sign at this time, or why they cannot be read. */
function openSecrets(
  box: SecretBox,
  { id, secret, previousSecret, previousSecretUntil }: WebhookEndpoint,
  at: Date,
): string[] | Error {
  const isOldValid = previousSecret !== null && previousSecretUntil !== null && previousSecretUntil > at;
  try {
    return [secret, ...(isOldValid ? [previousSecret] : [])].map((sealed) => box.open(sealed, id));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What follows from an answer at this attempt of the schedule, counted from 1. */
export function toVerdict(
  { statusCode }: Pick<SendResult, 'statusCode'>,
  scheduleAttempt: number,
  retryDelaysMs: readonly number[],
): AttemptVerdict {
  if (statusCode !== null && statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
  if (statusCode === GONE) return { kind: 'gone' };
  const delayMs = retryDelaysMs[scheduleAttempt - 1];
  return delayMs === undefined ? { kind: 'exhausted' } : { kind: 'retry', delayMs };
}
