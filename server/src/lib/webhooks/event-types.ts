import { eventType } from '../../db/schema.ts';

/** What a client's URL is told when somebody tries it out. */
export const TEST_TYPE = 'webhook.test';

/** What the client's other URLs are told when one was given up. */
export const PAUSED_TYPE = 'webhook_endpoint.paused';

/** Stands for every type, those of later versions included. */
export const EVERY_TYPE = '*';

/** A type of event that an endpoint may ask for. */
export type WebhookEventName =
  | typeof EVERY_TYPE
  | `message.${(typeof eventType.enumValues)[number]}`
  | typeof PAUSED_TYPE;

/** What an endpoint may ask for. A test needs no asking. */
export const WEBHOOK_EVENTS: readonly WebhookEventName[] = [
  EVERY_TYPE,
  ...eventType.enumValues.map((type) => `message.${type}` as const),
  PAUSED_TYPE,
];

/** True where an endpoint that asked for `events` wants this type. */
export function wantsType(events: readonly string[], type: string): boolean {
  return type === TEST_TYPE || events.includes(EVERY_TYPE) || events.includes(type);
}
