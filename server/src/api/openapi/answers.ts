import { type TSchema, Type as t } from '@sinclair/typebox';
import {
  breakerChangeKind,
  clientStatus,
  eventType,
  keyMode,
  keyScope,
  messagePriority,
  messageStatus,
  recipientKind,
  suppressionReason,
  webhookDeliveryStatus,
  webhookEndpointStatus,
  webhookPauseReason,
} from '../../db/schema.ts';
import { listCodes } from './errors-page.ts';

/** Answers hold what is written here and nothing else: the replay of the examples would notice. */
const STRICT = { additionalProperties: false } as const;

const oneOf = (values: readonly string[]) => t.Unsafe<string>({ type: 'string', enum: [...values] });
const orNull = (schema: TSchema) => t.Union([schema, t.Null()]);

const Id = t.String({ format: 'uuid' });
const Time = t.String({ format: 'date-time' });
const Text = t.String();
const Count = t.Integer({ minimum: 0 });
const StringMap = t.Record(t.String(), t.String());
const AnyObject = t.Record(t.String(), t.Unknown());
const Status = oneOf(messageStatus.enumValues);

/** A list's page. */
export const pageOf = (item: TSchema) => t.Object({ data: t.Array(item), nextCursor: orNull(Text) }, STRICT);

export const Accepted = t.Object(
  { messageId: Id, status: oneOf(['queued', 'scheduled']), createdAt: Time },
  { ...STRICT, $id: 'AcceptedMessage' },
);

const ErrorPlace = t.Object(
  { path: t.String({ description: 'a JSON pointer, or file:line:column in a template' }), message: Text },
  STRICT,
);

const BatchItemProblem = t.Object(
  {
    index: Count,
    status: t.Integer(),
    code: oneOf(listCodes()),
    detail: Text,
    errors: t.Optional(t.Array(ErrorPlace)),
  },
  STRICT,
);

/** RFC 9457. */
export const ProblemAnswer = t.Object(
  {
    type: t.String({ description: 'where the code is explained, relative to this server' }),
    title: Text,
    status: t.Integer({ minimum: 400, maximum: 599 }),
    code: oneOf(listCodes()),
    detail: Text,
    requestId: Text,
    errors: t.Optional(t.Array(ErrorPlace)),
    items: t.Optional(t.Array(BatchItemProblem)),
  },
  { ...STRICT, $id: 'Problem' },
);

export const AcceptedBatch = t.Object(
  {
    accepted: Count,
    rejected: Count,
    data: t.Array(t.Union([Accepted, t.Object({ error: BatchItemProblem }, STRICT)])),
  },
  { ...STRICT, $id: 'AcceptedBatch' },
);

const SUMMARY = {
  id: Id,
  status: Status,
  mode: oneOf(keyMode.enumValues),
  from: Text,
  recipient: Text,
  subject: orNull(Text),
  template: orNull(Text),
  templateVersion: orNull(t.Integer()),
  provider: orNull(Text),
  attempts: Count,
  lastError: orNull(Text),
  traceId: Text,
  tags: StringMap,
  priority: oneOf(messagePriority.enumValues),
  scheduledAt: orNull(Time),
  createdAt: Time,
  updatedAt: Time,
};

export const MessageSummary = t.Object(SUMMARY, { ...STRICT, $id: 'MessageSummary' });

export const MessageDetail = t.Object(
  {
    ...SUMMARY,
    props: orNull(
      t.Record(t.String(), t.Unknown(), {
        description: 'what the template was given, without the values of keys that name a secret',
      }),
    ),
    locale: orNull(Text),
    replyTo: orNull(t.Array(Text)),
    headers: StringMap,
    metadata: StringMap,
    providerMessageId: orNull(Text),
    recipients: t.Array(
      t.Object(
        {
          kind: oneOf(recipientKind.enumValues),
          email: Text,
          name: orNull(Text),
          status: Status,
          response: orNull(Text),
        },
        STRICT,
      ),
    ),
    attachments: t.Array(
      t.Object({ filename: Text, contentType: Text, contentId: orNull(Text), sizeBytes: Count }, STRICT),
    ),
  },
  { ...STRICT, $id: 'Message' },
);

const EVENT = {
  type: oneOf(eventType.enumValues),
  attempt: Count,
  provider: orNull(Text),
  recipient: orNull(Text),
  detail: orNull(Text),
  at: Time,
};

export const Timeline = pageOf(t.Object(EVENT, { ...STRICT, $id: 'MessageEvent' }));

export const Content = t.Object(
  { subject: orNull(Text), html: orNull(Text), text: orNull(Text), exact: t.Boolean() },
  { ...STRICT, $id: 'MessageContent' },
);

export const Moved = t.Object({ messageId: Id, status: Status }, { ...STRICT, $id: 'MovedMessage' });

const Warnings = t.Array(
  t.Object(
    { code: Text, message: Text, file: orNull(Text), line: orNull(t.Integer({ minimum: 1 })) },
    STRICT,
  ),
);

export const Template = t.Object(
  {
    name: Text,
    version: t.Integer({ minimum: 1 }),
    contentHash: Text,
    isShared: t.Boolean(),
    schema: orNull(AnyObject),
    derivedSchema: orNull(AnyObject),
    previewProps: AnyObject,
    warnings: Warnings,
    from: orNull(Text),
    headers: StringMap,
    createdAt: Time,
    updatedAt: Time,
  },
  { ...STRICT, $id: 'Template' },
);

const VERSION = {
  version: t.Integer({ minimum: 1 }),
  contentHash: Text,
  isCurrent: t.Boolean(),
  warnings: Warnings,
  createdAt: Time,
};

export const TemplateVersionSummary = t.Object(VERSION, { ...STRICT, $id: 'TemplateVersionSummary' });

export const TemplateVersion = t.Object(
  {
    name: Text,
    isShared: t.Boolean(),
    ...VERSION,
    entry: Text,
    files: StringMap,
    schema: orNull(AnyObject),
    previewProps: AnyObject,
  },
  { ...STRICT, $id: 'TemplateVersion' },
);

export const Rendered = t.Object(
  {
    name: Text,
    version: t.Integer({ minimum: 1 }),
    subject: orNull(Text),
    html: Text,
    text: Text,
    contentHash: Text,
    engineVersion: Text,
  },
  { ...STRICT, $id: 'RenderedTemplate' },
);

export const Client = t.Object(
  {
    id: Id,
    name: Text,
    status: oneOf(clientStatus.enumValues),
    fromDomains: orNull(t.Array(Text)),
    rateLimit: orNull(t.Integer()),
    quotaLimit: orNull(t.Integer()),
    provider: orNull(Text),
    createdAt: Time,
    updatedAt: Time,
  },
  { ...STRICT, $id: 'Client' },
);

const KEY = {
  id: Id,
  clientId: Id,
  name: Text,
  prefix: Text,
  scopes: t.Array(oneOf(keyScope.enumValues)),
  mode: oneOf(keyMode.enumValues),
  expiresAt: orNull(Time),
  revokedAt: orNull(Time),
  lastUsedAt: orNull(Time),
  createdAt: Time,
};
const SHOWN_KEY = { key: t.String({ description: 'shown this once: only a hash of it is kept' }) };

export const Key = t.Object(KEY, { ...STRICT, $id: 'Key' });

export const CreatedKey = t.Object({ ...KEY, ...SHOWN_KEY }, { ...STRICT, $id: 'CreatedKey' });

export const RotatedKey = t.Object({ ...KEY, ...SHOWN_KEY, replaces: Key }, { ...STRICT, $id: 'RotatedKey' });

export const RemovedClient = t.Object(
  {
    id: Id,
    name: Text,
    removed: t.Object({ messages: Count, templates: Count, suppressions: Count, keys: Count }, STRICT),
  },
  { ...STRICT, $id: 'RemovedClient' },
);

export const Queue = t.Object(
  { paused: t.Boolean(), waiting: Count, delayed: Count, active: Count },
  { ...STRICT, $id: 'Queue' },
);

export const Provider = t.Object({ name: Text, workers: t.Array(AnyObject) }, { ...STRICT, $id: 'Provider' });

export const ProviderEvent = t.Object(
  {
    id: Id,
    kind: oneOf(breakerChangeKind.enumValues),
    reason: Text,
    worker: Id,
    at: Time,
  },
  { ...STRICT, $id: 'ProviderEvent' },
);

export const Erased = t.Object(
  { messages: Count, inbox: Count, events: Count, pending: Count, suppressionKept: t.Boolean() },
  { ...STRICT, $id: 'Erased' },
);

export const Whoami = t.Object(
  {
    kind: oneOf(['client', 'admin']),
    scopes: t.Array(oneOf(keyScope.enumValues)),
    keyPrefix: Text,
    mode: orNull(oneOf(keyMode.enumValues)),
    client: orNull(
      t.Object(
        {
          id: Id,
          name: Text,
          fromDomains: orNull(t.Array(Text)),
          rateLimit: orNull(t.Integer()),
          quotaLimit: orNull(t.Integer()),
        },
        STRICT,
      ),
    ),
    serviceVersion: Text,
  },
  { ...STRICT, $id: 'Whoami' },
);

const LETTER = {
  messageId: Id,
  clientId: Id,
  template: orNull(Text),
  provider: orNull(Text),
  reason: Text,
  attempts: Count,
  recipient: Text,
  subject: orNull(Text),
  createdAt: Time,
};

export const DeadLetter = t.Object(LETTER, { ...STRICT, $id: 'DeadLetter' });

export const DeadLetterDetail = t.Object(
  { ...LETTER, history: t.Array(t.Object(EVENT, STRICT)) },
  { ...STRICT, $id: 'DeadLetterDetail' },
);

export const Suppression = t.Object(
  {
    id: Id,
    email: Text,
    reason: oneOf(suppressionReason.enumValues),
    messageId: orNull(Id),
    createdAt: Time,
  },
  { ...STRICT, $id: 'Suppression' },
);

const INBOX_ENTRY = {
  id: Id,
  envelope: t.Object({ from: Text, to: t.Array(Text) }, STRICT),
  from: Text,
  subject: orNull(Text),
  template: orNull(Text),
  status: Status,
  preview: orNull(t.String({ description: 'the beginning of what it says' })),
  isRead: t.Boolean(),
  sizeBytes: Count,
  receivedAt: Time,
};

export const InboxEntry = t.Object(INBOX_ENTRY, { ...STRICT, $id: 'InboxEntry' });

const INBOX_ATTACHMENT = {
  index: Count,
  filename: Text,
  contentType: Text,
  contentId: orNull(Text),
  isInline: t.Boolean(),
  sizeBytes: Count,
};

export const InboxMail = t.Object(
  {
    ...INBOX_ENTRY,
    headers: t.Array(t.Object({ name: Text, value: Text }, STRICT)),
    html: orNull(Text),
    text: orNull(Text),
    attachments: t.Array(t.Object(INBOX_ATTACHMENT, STRICT)),
    mime: t.String({ description: 'the mail, a byte a character' }),
  },
  { ...STRICT, $id: 'InboxMail' },
);

export const InboxMark = t.Object({ id: Id, isRead: t.Boolean() }, { ...STRICT, $id: 'InboxMark' });

const ENDPOINT = {
  id: Id,
  mode: oneOf(keyMode.enumValues),
  url: t.String({ format: 'uri' }),
  description: orNull(Text),
  events: t.Array(Text),
  status: oneOf(webhookEndpointStatus.enumValues),
  pauseReason: orNull(oneOf(webhookPauseReason.enumValues)),
  pausedAt: orNull(Time),
  failingSince: orNull(Time),
  previousSecretUntil: orNull(Time),
  createdAt: Time,
  updatedAt: Time,
};

export const Endpoint = t.Object(ENDPOINT, { ...STRICT, $id: 'WebhookEndpoint' });

export const EndpointWithSecret = t.Object(
  { ...ENDPOINT, secret: t.String({ description: 'shown this once' }) },
  { ...STRICT, $id: 'WebhookEndpointWithSecret' },
);

export const Delivery = t.Object(
  {
    id: Id,
    type: Text,
    eventId: orNull(t.Integer()),
    messageId: orNull(Id),
    status: oneOf(webhookDeliveryStatus.enumValues),
    nextAttemptAt: orNull(Time),
    createdAt: Time,
    attempts: t.Array(
      t.Object(
        {
          number: t.Integer({ minimum: 1 }),
          at: Time,
          durationMs: Count,
          statusCode: orNull(t.Integer()),
          error: orNull(Text),
          response: orNull(Text),
        },
        STRICT,
      ),
    ),
  },
  { ...STRICT, $id: 'WebhookDelivery' },
);

const Check = t.Object({ isOk: t.Boolean(), reason: orNull(Text) }, STRICT);

export const Readiness = t.Object(
  { status: oneOf(['ready', 'degraded', 'unready']), accept: Check, process: Check },
  { ...STRICT, $id: 'Readiness' },
);

export const CallbackCounts = t.Object(
  { applied: Count, repeated: Count, unmatched: Count },
  { ...STRICT, $id: 'CallbackCounts' },
);
