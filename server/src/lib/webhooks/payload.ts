import type { FeedEvent } from '../db/event-feed.ts';
import type { WebhookEndpoint } from '../db/webhooks-endpoints.ts';
import { PAUSED_TYPE, TEST_TYPE } from './event-types.ts';

/** What is sent for one event: `payload` is the exact text that is signed. */
export type WebhookPayload = { type: string; payload: string };

/** An event of a message as its own facts, which webhooks and the stream tell in the same words. */
export function toEventFacts(event: FeedEvent) {
  const { messageId, status, recipient, attempt, provider, detail, template, tags } = event;
  return { messageId, status, recipient, attempt, provider, detail, template, tags };
}

/** The payload of a message's event. */
export function toEventPayload(event: FeedEvent): WebhookPayload {
  const data = { eventId: event.position.id, mode: event.mode, ...toEventFacts(event) };
  return toPayload(`message.${event.type}`, event.at, data);
}

/** The payload that tries an endpoint out. */
export function toTestPayload({ id, mode }: Pick<WebhookEndpoint, 'id' | 'mode'>, at: Date): WebhookPayload {
  return toPayload(TEST_TYPE, at, { webhookEndpointId: id, mode });
}

/** The payload that tells of an endpoint that was given up. */
export function toPausedPayload(
  { id, mode, url }: Pick<WebhookEndpoint, 'id' | 'mode' | 'url'>,
  reason: string,
  at: Date,
): WebhookPayload {
  return toPayload(PAUSED_TYPE, at, { webhookEndpointId: id, mode, url, reason });
}

function toPayload(type: string, at: Date, data: object): WebhookPayload {
  return { type, payload: JSON.stringify({ type, timestamp: at.toISOString(), data }) };
}
