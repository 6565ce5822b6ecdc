import { type Static, t, type TSchema } from 'elysia';
import { messageStatus } from '../db/schema.ts';
import { MAX_KEY_NAME } from '../lib/auth/api-key.ts';
import { PROVIDER_NAME_PATTERN } from '../lib/providers/settings-schema.ts';

/**
 * Keeps a schema's static type as it is where Elysia's App type would lose it (an optional record becomes `{}`).
 * Runtime checks stay the schema's own.
 */
const pin = <T extends TSchema>(schema: T) => t.Unsafe<Static<T>>(schema);

const STRICT = { additionalProperties: false } as const;

const stringMap = (description: string) =>
  pin(
    t.Record(t.String({ minLength: 1, maxLength: 128 }), t.String({ maxLength: 2048 }), {
      maxProperties: 50,
      description,
    }),
  );

const AddressText = t.String({
  minLength: 3,
  maxLength: 512,
  description: 'must be an address such as "Ada <ada@example.com>"',
});
const ADDRESS_LIST = 'must be an address, or a list of 1 to 50 addresses';
const AddressList = t.Union([AddressText, t.Array(AddressText, { minItems: 1, maxItems: 50 })], {
  description: ADDRESS_LIST,
});

const Props = pin(t.Record(t.String(), t.Unknown(), { description: 'must be an object' }));

const Locale = t.String({
  minLength: 2,
  maxLength: 35,
  description: 'must be a language tag such as "de" or "de-AT"',
});

/** A time by its shape; `parseIsoTime` reads it. */
export const IsoTime = t.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,9})?)?(Z|[+-]\\d{2}:\\d{2})$',
  description: 'must be a time such as 2026-11-21T08:00:00Z',
});

export const ProviderName = t.String({
  pattern: PROVIDER_NAME_PATTERN,
  description: 'must be the name of a provider',
});

const Attachments = t.Array(
  t.Object(
    {
      filename: t.String({
        minLength: 1,
        maxLength: 255,
        description: 'must be a name of 1 to 255 characters',
      }),
      content: t.String({ description: 'must be base64' }),
      contentType: t.Optional(t.String({ maxLength: 255 })),
      /** Makes it inline: what `cid:` in the html names. */
      contentId: t.Optional(t.String({ minLength: 1, maxLength: 128 })),
    },
    STRICT,
  ),
  { maxItems: 100, description: 'must be a list of up to 100 attachments' },
);

/** Body of `POST /v1/messages`. */
export const SendMessageBody = t.Object(
  {
    to: AddressList,
    cc: t.Optional(AddressList),
    bcc: t.Optional(AddressList),
    replyTo: t.Optional(AddressList),
    from: t.Optional(AddressText),
    subject: t.Optional(t.String({ minLength: 1, maxLength: 998 })),
    template: t.Optional(
      t.String({
        pattern: '^[a-z0-9][a-z0-9-]{0,63}(@[1-9][0-9]{0,8})?$',
        description: 'must be a name such as "welcome" or "welcome@3"',
      }),
    ),
    props: t.Optional(Props),
    locale: t.Optional(Locale),
    html: t.Optional(t.String({ minLength: 1 })),
    text: t.Optional(t.String({ minLength: 1 })),
    headers: t.Optional(stringMap('must be an object of texts')),
    tags: t.Optional(stringMap('must be an object of texts')),
    metadata: t.Optional(stringMap('must be an object of texts')),
    attachments: t.Optional(Attachments),
    /** Up to 30 days ahead; a time that has passed means at once. */
    scheduledAt: t.Optional(IsoTime),
    priority: t.Optional(
      t.Union([t.Literal('high'), t.Literal('normal'), t.Literal('low')], {
        description: 'must be "high", "normal" or "low"',
      }),
    ),
    /** Adds a one-click unsubscribe link (RFC 8058). */
    unsubscribe: t.Optional(t.Boolean({ description: 'must be true or false' })),
  },
  STRICT,
);
export type SendMessageRequest = Static<typeof SendMessageBody>;

/** Body of `POST /v1/messages/batch`. */
export const SendBatchBody = t.Object(
  {
    // Each is held against the body of a single message by itself, so that one of the wrong shape is told apart.
    messages: t.Unsafe<SendMessageRequest[]>(
      t.Array(t.Unknown(), {
        minItems: 1,
        maxItems: 500,
        description: 'must be a list of 1 to 500 messages',
      }),
    ),
    mode: t.Optional(
      t.Union([t.Literal('strict'), t.Literal('permissive')], {
        description: 'must be "strict" or "permissive"',
      }),
    ),
  },
  STRICT,
);

/** Body of `PATCH /v1/messages/:id`. */
export const RescheduleBody = t.Object({ scheduledAt: IsoTime }, STRICT);

/** What every list takes. */
export const PageQuery = {
  // As text: the framework's own number from a query loses the name of the parameter when it is wrong.
  limit: t.Optional(
    t.Unsafe<number>(
      t.String({ pattern: '^([1-9][0-9]?|100)$', description: 'must be a whole number from 1 to 100' }),
    ),
  ),
  cursor: t.Optional(t.String({ minLength: 1, maxLength: 200 })),
};

export const PageOnlyQuery = t.Object(PageQuery, STRICT);

/** Query of `GET /v1/inbox`. */
export const ListInboxQuery = t.Object(
  {
    ...PageQuery,
    search: t.Optional(
      t.String({
        maxLength: 500,
        description:
          'words that the mail holds; `to:`, `subject:` and `template:` look there, `is:unread` for what nobody has read',
      }),
    ),
  },
  STRICT,
);

/** Body of `PATCH /v1/inbox/:id`. */
export const MarkInboxBody = t.Object({ isRead: t.Boolean() }, STRICT);

const MessageStatusText = t.Union(
  messageStatus.enumValues.map((status) => t.Literal(status)),
  { description: 'must be a status of a message' },
);

/** Query of `GET /v1/messages`; besides these, `tag.<name>` may be asked for. */
export const ListMessagesQuery = t.Object(
  {
    ...PageQuery,
    status: t.Optional(MessageStatusText),
    recipient: t.Optional(AddressText),
    template: t.Optional(
      t.String({
        pattern: '^[a-z0-9][a-z0-9-]{0,63}(@[1-9][0-9]{0,8})?$',
        description: 'must be the name of a template, or one of its versions such as "welcome@3"',
      }),
    ),
    provider: t.Optional(ProviderName),
    traceId: t.Optional(
      t.String({ pattern: '^[0-9a-f]{32}$', description: 'must be the 32 hexadecimal digits of a trace' }),
    ),
    since: t.Optional(IsoTime),
    until: t.Optional(IsoTime),
  },
  { additionalProperties: t.String({ maxLength: 2048 }) },
);

/** Query of `GET /v1/providers/:name/events`. */
export const ListProviderEventsQuery = t.Object(
  { ...PageQuery, since: t.Optional(IsoTime), until: t.Optional(IsoTime) },
  STRICT,
);

/** Query of `GET /v1/stats`. */
export const StatsQuery = t.Object(
  {
    since: t.Optional(IsoTime),
    until: t.Optional(IsoTime),
    bucket: t.Optional(
      t.Union([t.Literal('hour'), t.Literal('day')], { description: 'must be "hour" or "day"' }),
    ),
    mode: t.Optional(
      t.Union([t.Literal('live'), t.Literal('test')], {
        description: 'must be "live" or "test", and only an admin key may choose',
      }),
    ),
  },
  STRICT,
);

/** Body of `PUT /v1/templates/:name`. */
export const PutTemplateBody = t.Object(
  {
    entry: t.String({ minLength: 1, maxLength: 255 }),
    files: pin(
      t.Record(t.String({ minLength: 1, maxLength: 255 }), t.String(), {
        description: 'must be an object of path to source text',
      }),
    ),
  },
  STRICT,
);

const VersionNumber = t.Integer({
  minimum: 1,
  maximum: 999_999_999,
  description: 'must be the number of a version',
});

/** Body of `POST /v1/templates/:name/render`. */
export const RenderTemplateBody = t.Object(
  { props: t.Optional(Props), version: t.Optional(VersionNumber), locale: t.Optional(Locale) },
  STRICT,
);

/** Body of `POST /v1/templates/:name/rollback`. */
export const RollbackTemplateBody = t.Object({ version: VersionNumber }, STRICT);

const ClientName = t.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^\\S(.*\\S)?$',
  description: 'must be 1 to 100 characters without outer spaces',
});
const Domains = t.Array(t.String({ minLength: 1, maxLength: 253 }), { minItems: 1, maxItems: 100 });
const Limit = t.Integer({
  minimum: 1,
  maximum: 2_000_000_000,
  description: 'must be a whole number from 1, or null for no limit',
});
const orNull = <T extends TSchema>(schema: T) =>
  t.Optional(t.Union([schema, t.Null()], { ...(schema.description && { description: schema.description }) }));

/** Null takes a limit or binding away. */
const ClientLimits = {
  /** Requests a minute, where a batch counts as its messages. */
  rateLimit: orNull(Limit),
  /** Live messages a calendar month (UTC). */
  quotaLimit: orNull(Limit),
  /** The only provider that its live mail may take. */
  provider: orNull(t.String({ ...ProviderName, description: 'must be the name of a provider, or null' })),
};

/** Body of `POST /v1/clients`. */
export const CreateClientBody = t.Object(
  { name: ClientName, fromDomains: t.Optional(Domains), ...ClientLimits },
  STRICT,
);

/** Body of `PATCH /v1/clients/:id`: what is left out stays. */
export const UpdateClientBody = t.Object(
  {
    name: t.Optional(ClientName),
    status: t.Optional(
      t.Union([t.Literal('active'), t.Literal('suspended')], {
        description: 'must be "active" or "suspended"',
      }),
    ),
    fromDomains: orNull(Domains),
    ...ClientLimits,
  },
  { ...STRICT, minProperties: 1 },
);

/** Body of `POST /v1/clients/:id/keys`. */
export const CreateKeyBody = t.Object(
  {
    name: t.String({ minLength: 1, maxLength: MAX_KEY_NAME }),
    mode: t.Optional(
      t.Union([t.Literal('live'), t.Literal('test')], { description: 'must be "live" or "test"' }),
    ),
    scopes: t.Optional(
      t.Array(
        t.Union([t.Literal('send'), t.Literal('read'), t.Literal('templates')], {
          description: 'must be "send", "read" or "templates"',
        }),
        {
          minItems: 1,
          maxItems: 3,
          uniqueItems: true,
        },
      ),
    ),
    expiresAt: t.Optional(IsoTime),
  },
  STRICT,
);
