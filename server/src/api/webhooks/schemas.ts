import { t } from 'elysia';
import { webhookDeliveryStatus, webhookEndpointStatus } from '../../db/schema.ts';
import { WEBHOOK_EVENTS, type WebhookEventName } from '../../lib/webhooks/event-types.ts';
import { IsoTime, PageOnlyQuery } from '../schemas.ts';

const STRICT = { additionalProperties: false } as const;

/** A text of a closed list. Its static type is given by hand: of a list that is mapped it would come to nothing. */
const oneOf = <Text extends string>(texts: readonly Text[], description: string) =>
  t.Unsafe<Text>(
    t.Union(
      texts.map((text) => t.Literal(text)),
      { description },
    ),
  );

const Url = t.String({
  minLength: 1,
  maxLength: 2048,
  description: 'must be a URL of 2048 characters at most',
});
const Events = t.Array(
  oneOf<WebhookEventName>(WEBHOOK_EVENTS, 'must be a type of event such as "message.delivered", or "*"'),
  { minItems: 1, maxItems: WEBHOOK_EVENTS.length, uniqueItems: true },
);
const Description = t.String({ maxLength: 500, description: 'must have 500 characters at most' });

/** Body of `POST /v1/webhook-endpoints`. */
export const CreateEndpointBody = t.Object(
  { url: Url, events: Events, description: t.Optional(Description) },
  STRICT,
);

/** Body of `PATCH /v1/webhook-endpoints/:id`. */
export const UpdateEndpointBody = t.Object(
  {
    url: t.Optional(Url),
    events: t.Optional(Events),
    description: t.Optional(t.Union([Description, t.Null()])),
    status: t.Optional(oneOf(webhookEndpointStatus.enumValues, 'must be "active" or "paused"')),
  },
  { ...STRICT, minProperties: 1 },
);

/** Body of `POST /v1/webhook-endpoints/:id/rotate`. */
export const RotateSecretBody = t.Object(
  {
    overlapHours: t.Optional(
      t.Integer({ minimum: 0, maximum: 168, description: 'must be a whole number from 0 to 168' }),
    ),
  },
  STRICT,
);

/** Body of `POST /v1/webhook-endpoints/:id/replay`: one event, or a time. */
export const ReplayBody = t.Object(
  {
    eventId: t.Optional(
      t.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'must be the number of an event',
      }),
    ),
    since: t.Optional(IsoTime),
    until: t.Optional(IsoTime),
  },
  STRICT,
);

/** Query of `GET /v1/webhook-endpoints/:id/deliveries`. */
export const ListDeliveriesQuery = t.Object(
  {
    ...PageOnlyQuery.properties,
    status: t.Optional(
      oneOf(
        webhookDeliveryStatus.enumValues,
        `must be one of ${webhookDeliveryStatus.enumValues.join(', ')}`,
      ),
    ),
  },
  STRICT,
);
