import type { WebhookEndpointInput } from '@org/mail-sdk';
import { membersOf } from './choice.ts';

/** What an endpoint may ask for; `*` is everything, later additions included. */
export type WebhookEventName = WebhookEndpointInput['events'][number];

export const WEBHOOK_EVENTS = membersOf<WebhookEventName>({
  '*': true,
  'message.accepted': true,
  'message.scheduled': true,
  'message.rescheduled': true,
  'message.due': true,
  'message.canceled': true,
  'message.attempted': true,
  'message.rendered': true,
  'message.failed_over': true,
  'message.handed_over': true,
  'message.sent': true,
  'message.delivered': true,
  'message.refused': true,
  'message.deferred': true,
  'message.bounced': true,
  'message.spam': true,
  'message.opened': true,
  'message.clicked': true,
  'message.unsubscribed': true,
  'message.suppressed': true,
  'message.failed': true,
  'message.unknown': true,
  'message.resolved': true,
  'message.retried': true,
  'webhook_endpoint.paused': true,
});
