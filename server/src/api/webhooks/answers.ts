import type { LoggedDelivery } from '../../lib/db/webhooks-deliveries.ts';
import type { WebhookEndpoint } from '../../lib/db/webhooks-endpoints.ts';

/** An endpoint as the API shows it: without its secrets. */
export function toEndpointAnswer(endpoint: WebhookEndpoint) {
  const { id, mode, url, description, events, status, pauseReason } = endpoint;
  return {
    id,
    mode,
    url,
    description,
    events,
    status,
    pauseReason,
    pausedAt: endpoint.pausedAt?.toISOString() ?? null,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    previousSecretUntil: endpoint.previousSecretUntil?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  };
}

/** A delivery with each of its attempts. */
export function toDeliveryAnswer({ delivery, log }: LoggedDelivery) {
  const { id, type, eventId, messageId, status, nextAttemptAt, createdAt } = delivery;
  return {
    id,
    type,
    eventId,
    messageId,
    status,
    nextAttemptAt: status === 'pending' ? nextAttemptAt.toISOString() : null,
    createdAt: createdAt.toISOString(),
    attempts: log.map(({ number, startedAt, durationMs, statusCode, error, response }) => ({
      number,
      at: startedAt.toISOString(),
      durationMs,
      statusCode,
      error,
      response,
    })),
  };
}
