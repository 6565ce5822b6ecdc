import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

import type { TemplateWarning } from '../lib/engine/checker/warning.ts';

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' });

/** A transaction's number, which never wraps. As text, because it has 64 bits. */
const xid8 = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' });

const createdAt = timestamp('created_at', { withTimezone: true, precision: 3, mode: 'date' })
  .notNull()
  .defaultNow();
const updatedAt = timestamp('updated_at', { withTimezone: true, precision: 3, mode: 'date' })
  .notNull()
  .defaultNow();
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };
export type StringMap = Record<string, string>;

export const clientStatus = pgEnum('client_status', ['active', 'suspended']);
export const keyMode = pgEnum('key_mode', ['live', 'test']);
export const keyScope = pgEnum('key_scope', ['send', 'read', 'templates', 'admin']);
export const recipientKind = pgEnum('recipient_kind', ['to', 'cc', 'bcc']);
export const messagePriority = pgEnum('message_priority', ['high', 'normal', 'low']);
export const messageStatus = pgEnum('message_status', [
  'scheduled',
  'queued',
  'sending',
  'sent',
  'delivered',
  'bounced',
  'spam',
  'failed',
  'canceled',
  'suppressed',
  'unknown',
]);
export const eventType = pgEnum('message_event_type', [
  'accepted',
  'scheduled',
  'rescheduled',
  'due',
  'canceled',
  'attempted',
  'rendered',
  'failed_over',
  'handed_over',
  'sent',
  'delivered',
  'refused',
  'deferred',
  'bounced',
  'spam',
  'opened',
  'clicked',
  'unsubscribed',
  'suppressed',
  'failed',
  'unknown',
  'resolved',
  'retried',
]);
export const webhookEndpointStatus = pgEnum('webhook_endpoint_status', ['active', 'paused']);
export const webhookPauseReason = pgEnum('webhook_pause_reason', ['manual', 'failing', 'gone']);
export const webhookDeliveryStatus = pgEnum('webhook_delivery_status', [
  'pending',
  'delivered',
  'failed',
  'paused',
]);
export const breakerChangeKind = pgEnum('breaker_change_kind', [
  'opened',
  'half_open',
  'probe_failed',
  'closed',
]);
export const suppressionReason = pgEnum('suppression_reason', [
  'hard_bounce',
  'complaint',
  'unsubscribe',
  'manual',
]);

/** An application that sends: owns keys, templates and messages. */
export const clients = pgTable(
  'clients',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull().unique(),
    status: clientStatus('status').notNull().default('active'),
    /** Domains that `from` may use, lower case; null allows any. */
    fromDomains: text('from_domains').array(),
    /** Live messages accepted in a calendar month (UTC); null allows any number. */
    quotaLimit: integer('quota_limit'),
    /** Requests a minute, where a batch counts as its messages; null allows any number. */
    rateLimit: integer('rate_limit'),
    /** The only provider its live mail may take; null leaves the choice to order and weight. */
    provider: text('provider'),
    createdAt,
    updatedAt,
  },
  (table) => [index('clients_status').on(table.status, table.id)],
);

/** How much of its quota a client has used; one conditional update a batch keeps it exact. */
export const clientUsage = pgTable(
  'client_usage',
  {
    clientId: uuid('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    /** The calendar month in UTC, as in `2026-11`. */
    month: text('month').notNull(),
    accepted: integer('accepted').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.clientId, table.month] })],
);

/** Only the prefix and a hash of the secret are kept. `client_id` is null for an admin key. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').primaryKey(),
    clientId: uuid('client_id').references(() => clients.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    prefix: text('api_key_prefix').notNull().unique(),
    secretHash: text('api_secret_hash').notNull(),
    scopes: keyScope('scopes').array().notNull(),
    mode: keyMode('mode').notNull(),
    expiresAt: time('expires_at'),
    revokedAt: time('revoked_at'),
    lastUsedAt: time('last_used_at'),
    createdAt,
  },
  (table) => [
    index('api_keys_client').on(table.clientId),
    // The admin scope belongs to keys without a client, and to them alone.
    check('api_keys_admin_scope', sql`('admin' = any(${table.scopes})) = (${table.clientId} is null)`),
  ],
);

export const templates = pgTable(
  'templates',
  {
    id: uuid('id').primaryKey(),
    /** Null for a template shared by an admin key with every client. */
    clientId: uuid('client_id').references(() => clients.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    currentVersion: integer('current_version').notNull(),
    createdAt,
    updatedAt,
    /** A deleted template is kept for the messages that were sent with it; its name is free again. */
    deletedAt: time('deleted_at'),
  },
  (table) => [
    // In the migration also NULLS NOT DISTINCT, which drizzle has no word for on an index: shared names are unique too.
    uniqueIndex('templates_owner_name')
      .on(table.clientId, table.name)
      .where(sql`${table.deletedAt} is null`),
  ],
);

/** Immutable: a version's sources never change. */
export const templateVersions = pgTable(
  'template_versions',
  {
    id: uuid('id').primaryKey(),
    templateId: uuid('template_id')
      .notNull()
      .references(() => templates.id, { onDelete: 'cascade' }),
    number: integer('number').notNull(),
    contentHash: text('content_hash').notNull(),
    entry: text('entry').notNull(),
    files: jsonb('files').$type<StringMap>().notNull(),
    schema: jsonb('schema').$type<JsonObject>(),
    /** Props that its author tries it with. */
    previewProps: jsonb('preview_props').$type<JsonObject>().notNull(),
    /** What the checker found when it was pushed. */
    warnings: jsonb('warnings').$type<TemplateWarning[]>().notNull().default([]),
    /** The template's own sender, for messages that name none. */
    fromAddress: text('from_address'),
    /** The template's own headers; a message's of the same name come first. */
    headers: jsonb('headers').$type<StringMap>().notNull().default({}),
    createdAt,
  },
  (table) => [uniqueIndex('template_versions_number').on(table.templateId, table.number)],
);

/** Compiled code, which any instance can make again: a cache that outlives an instance's disk. */
export const templateBuilds = pgTable(
  'template_builds',
  {
    contentHash: text('content_hash').notNull(),
    engineVersion: text('engine_version').notNull(),
    code: text('code').notNull(),
    /** SHA-256 of the code in hex. */
    codeHash: text('code_hash').notNull(),
    createdAt,
  },
  (table) => [primaryKey({ columns: [table.contentHash, table.engineVersion] })],
);

/** The truth about every accepted message. No unique constraint but the id, so that it can be partitioned by id. */
export const messages = pgTable(
  'messages',
  {
    /** UUIDv7: ordered by time of acceptance. */
    id: uuid('id').primaryKey(),
    clientId: uuid('client_id')
      .notNull()
      .references(() => clients.id),
    mode: keyMode('mode').notNull(),
    status: messageStatus('status').notNull().default('queued'),
    traceId: text('trace_id').notNull(),
    templateVersionId: uuid('template_version_id').references(() => templateVersions.id),
    templateName: text('template_name'),
    templateVersion: integer('template_version'),
    /** The exact text of the props: jsonb would reorder keys, and a past message must render to the same bytes. */
    props: text('props'),
    /** The language asked for, as a BCP 47 tag. */
    locale: text('locale'),
    html: text('html'),
    text: text('text'),
    /** Where html and text are in blob storage, because they are larger than a row should carry. */
    bodyBlob: text('body_blob'),
    /** Where the body as it was sent is in blob storage; null unless bodies are kept. */
    keptBodyBlob: text('kept_body_blob'),
    /** As the caller gave it; null leaves it to the template. */
    givenSubject: text('given_subject'),
    /** As it was or will be sent; null until a template has been rendered. */
    subject: text('subject'),
    fromAddress: text('from_address').notNull(),
    replyTo: text('reply_to').array().notNull().default([]),
    headers: jsonb('headers').$type<StringMap>().notNull().default({}),
    tags: jsonb('tags').$type<StringMap>().notNull().default({}),
    metadata: jsonb('metadata').$type<StringMap>().notNull().default({}),
    /** The first To address, for lists and look-ups. */
    recipient: text('recipient').notNull(),
    priority: messagePriority('priority').notNull().default('normal'),
    /** When a `scheduled` message is due, and when one that was scheduled had been. */
    scheduledAt: time('scheduled_at'),
    /** When a `queued` message should be tried again; null for at once. */
    retryAt: time('retry_at'),
    /** Proves a click on this message's one-click unsubscribe link; null where it has none. */
    unsubscribeSecret: text('unsubscribe_secret'),
    provider: text('provider'),
    providerMessageId: text('provider_msg_id'),
    attempts: integer('attempts').notNull().default(0),
    engineVersion: text('engine_version'),
    /** SHA-256 of subject, html and text as sent. */
    renderHash: text('render_hash'),
    lastError: text('last_error'),
    /** Who may work on the message until when; a worker whose token is gone must not record anything. */
    leaseToken: uuid('lease_token'),
    leaseUntil: time('lease_until'),
    /** Set, and committed, just before bytes leave: from here on a lost answer means `unknown`. */
    handedOverAt: time('handed_over_at'),
    createdAt,
    updatedAt,
  },
  (table) => [
    // Ascending: read backwards it serves "newest first", which a descending index with its nulls last would not. In the migration it
    // also INCLUDEs status, template_name and provider, which drizzle has no word for: statistics read nothing but this index.
    index('messages_client_id').on(table.clientId, table.mode, table.id),
    index('messages_status').on(table.clientId, table.mode, table.status, table.id),
    // What the reconciler looks for; small, because it holds live messages only.
    index('messages_unfinished')
      .on(table.updatedAt)
      .where(sql`${table.status} in ('queued', 'sending')`),
    index('messages_due')
      .on(table.scheduledAt)
      .where(sql`${table.status} = 'scheduled'`),
    // How a provider's event finds its message.
    index('messages_provider_message')
      .on(table.providerMessageId)
      .where(sql`${table.providerMessageId} is not null`),
    check(
      'messages_content',
      sql`num_nonnulls(${table.templateName}, ${table.html}, ${table.text}, ${table.bodyBlob}) > 0`,
    ),
    check('messages_scheduled', sql`${table.status} <> 'scheduled' or ${table.scheduledAt} is not null`),
  ],
);

/** One row an address; the message's status is derived from theirs. */
export const messageRecipients = pgTable(
  'message_recipients',
  {
    messageId: uuid('message_id')
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    position: integer('position').notNull(),
    /** The message's own. */
    clientId: uuid('client_id').notNull(),
    kind: recipientKind('kind').notNull(),
    email: text('email').notNull(),
    name: text('name'),
    status: messageStatus('status').notNull().default('queued'),
    /** The provider's last words about this address. */
    response: text('response'),
  },
  (table) => [
    primaryKey({ columns: [table.messageId, table.position] }),
    // Here and not on the messages: an address is written once, while each change of a message's status writes all of its indexes.
    index('message_recipients_email').on(table.clientId, sql`lower(${table.email})`, table.messageId),
  ],
);

/**
 * By what else messages are listed: trace, template and tags, which never change. Here and not in indexes of the messages, which are all
 * written anew with each change of a status. Kept by triggers on the messages, whoever writes them; a key is the MD5 of its kind,
 * name and value, because a value may be longer than an index can hold.
 */
export const messageKeys = pgTable(
  'message_keys',
  {
    clientId: uuid('client_id').notNull(),
    mode: keyMode('mode').notNull(),
    key: uuid('key').notNull(),
    messageId: uuid('message_id').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'message_keys_walk',
      columns: [table.clientId, table.mode, table.key, table.messageId],
    }),
  ],
);

/** The timeline: one row a fact, written in the transaction that changes the state. */
export const messageEvents = pgTable(
  'message_events',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    messageId: uuid('message_id')
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    clientId: uuid('client_id').notNull(),
    type: eventType('type').notNull(),
    attempt: integer('attempt').notNull(),
    provider: text('provider'),
    recipient: text('recipient'),
    /** For people: the provider's own words, or why. */
    detail: text('detail'),
    /** The provider's own name for what it told us, so that a repeated callback changes nothing. */
    providerEventId: text('provider_event_id'),
    /** The transaction that wrote it: ids are given out before commits, so that only this tells readers what is complete. */
    txid: xid8('txid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    createdAt,
  },
  (table) => [
    index('message_events_feed').on(table.txid, table.id),
    // A few bytes for each megabyte of a table that only grows at its end.
    index('message_events_created').using('brin', table.createdAt),
    index('message_events_message').on(table.messageId, table.id),
    uniqueIndex('message_events_provider_event')
      .on(table.provider, table.providerEventId)
      .where(sql`${table.providerEventId} is not null`),
  ],
);

/** What a message carries besides its body; the bytes are in blob storage. */
export const messageAttachments = pgTable(
  'message_attachments',
  {
    messageId: uuid('message_id')
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    position: integer('position').notNull(),
    filename: text('filename').notNull(),
    contentType: text('content_type').notNull(),
    /** Set for an inline image: what `cid:` in the html names. */
    contentId: text('content_id'),
    sizeBytes: integer('size_bytes').notNull(),
    blobKey: text('blob_key').notNull(),
  },
  (table) => [primaryKey({ columns: [table.messageId, table.position] })],
);

/** Blob storage where neither a folder nor S3 is configured. */
export const blobs = pgTable('blobs', {
  key: text('key').primaryKey(),
  bytes: bytea('bytes').notNull(),
  createdAt,
});

/** Messages that were given up, with their whole history, until somebody retries or discards them. */
export const deadLetters = pgTable(
  'dead_letters',
  {
    messageId: uuid('message_id')
      .primaryKey()
      .references(() => messages.id, { onDelete: 'cascade' }),
    clientId: uuid('client_id').notNull(),
    templateName: text('template_name'),
    provider: text('provider'),
    reason: text('reason').notNull(),
    attempts: integer('attempts').notNull(),
    /** The timeline as it was when the message was given up. */
    history: jsonb('history').$type<JsonObject[]>().notNull(),
    createdAt,
  },
  (table) => [
    index('dead_letters_client').on(table.clientId, table.messageId),
    index('dead_letters_template').on(table.templateName, table.messageId),
    index('dead_letters_provider').on(table.provider, table.messageId),
    index('dead_letters_created').on(table.createdAt),
  ],
);

/** Addresses that a client's live mail must not reach. */
export const suppressions = pgTable(
  'suppressions',
  {
    id: uuid('id').primaryKey(),
    clientId: uuid('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    /** As in {@link messageRecipients}, but wholly in lower case: mailboxes that differ in case only do not exist. */
    email: text('email').notNull(),
    reason: suppressionReason('reason').notNull(),
    /** The message whose bounce, complaint or click it was. */
    messageId: uuid('message_id'),
    createdAt,
  },
  (table) => [
    uniqueIndex('suppressions_client_email').on(table.clientId, table.email),
    index('suppressions_client').on(table.clientId, table.id),
    index('suppressions_reason').on(table.clientId, table.reason, table.id),
  ],
);

/** What was answered to a request that must not be carried out twice. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** The client's id, or the nil UUID for an admin key. */
    ownerId: uuid('owner_id').notNull(),
    mode: keyMode('mode').notNull(),
    method: text('method').notNull(),
    path: text('path').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the body in hex: the same key with another body is a mistake. */
    requestHash: text('request_hash').notNull(),
    /** Null while the first request is under way. */
    status: integer('status'),
    response: text('response'),
    /** A request under way whose process died frees its key then. */
    lockedUntil: time('locked_until'),
    expiresAt: time('expires_at').notNull(),
    createdAt,
  },
  (table) => [
    primaryKey({ columns: [table.ownerId, table.mode, table.method, table.path, table.key] }),
    index('idempotency_keys_expiry').on(table.expiresAt),
  ],
);

/** Where somebody who reads every event, in the order of the feed, has come to. */
export const eventFeedCursors = pgTable('event_feed_cursors', {
  reader: text('reader').primaryKey(),
  txid: xid8('txid').notNull(),
  eventId: bigint('event_id', { mode: 'number' }).notNull(),
  updatedAt,
});

/** A client's own URL that is told of its messages' events. */
export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    id: uuid('id').primaryKey(),
    clientId: uuid('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    /** It hears of messages of this mode only. */
    mode: keyMode('mode').notNull(),
    url: text('url').notNull(),
    description: text('description'),
    /** Types it wants, or `*` for all. */
    events: text('events').array().notNull(),
    status: webhookEndpointStatus('status').notNull().default('active'),
    pauseReason: webhookPauseReason('pause_reason'),
    pausedAt: time('paused_at'),
    /** Sealed with SECRET_KEY where that is set: signing needs the secret itself, so that a hash will not do. */
    secret: text('secret').notNull(),
    /** The one before the last rotation, which also signs until then. */
    previousSecret: text('previous_secret'),
    previousSecretUntil: time('previous_secret_until'),
    /** It hears of what later transactions write: nothing from before it was there, or was paused. */
    sinceTxid: xid8('since_txid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    /** When the attempts began that have all failed since. */
    failingSince: time('failing_since'),
    createdAt,
    updatedAt,
  },
  (table) => [
    index('webhook_endpoints_client').on(table.clientId, table.mode, table.id),
    check('webhook_endpoints_paused', sql`(${table.status} = 'paused') = (${table.pausedAt} is not null)`),
  ],
);

/** One event for one endpoint; the truth, of which the queue only reminds. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    /** Sent as `webhook-id`: the same at each attempt, so that the receiver can tell a repetition. */
    id: uuid('id').primaryKey(),
    endpointId: uuid('endpoint_id')
      .notNull()
      .references(() => webhookEndpoints.id, { onDelete: 'cascade' }),
    /** Null for what is no message's event. */
    eventId: bigint('event_id', { mode: 'number' }),
    messageId: uuid('message_id').references(() => messages.id, { onDelete: 'cascade' }),
    type: text('type').notNull(),
    /** The exact text that is signed and sent, at each attempt the same. */
    payload: text('payload').notNull(),
    status: webhookDeliveryStatus('status').notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    /** Attempts of the present schedule; a replay begins a new one. */
    scheduleAttempts: integer('schedule_attempts').notNull().default(0),
    scheduleStartedAt: time('schedule_started_at').notNull().defaultNow(),
    /** When it is due; during an attempt, when that counts as lost. */
    nextAttemptAt: time('next_attempt_at').notNull().defaultNow(),
    /** Until then it is trusted to be in the queue. */
    queuedUntil: time('queued_until'),
    createdAt,
    updatedAt,
  },
  (table) => [
    uniqueIndex('webhook_deliveries_event').on(table.endpointId, table.eventId),
    index('webhook_deliveries_endpoint').on(table.endpointId, table.id),
    index('webhook_deliveries_status').on(table.endpointId, table.status, table.id),
    index('webhook_deliveries_message').on(table.messageId),
    index('webhook_deliveries_due')
      .on(table.nextAttemptAt)
      .where(sql`${table.status} = 'pending'`),
    index('webhook_deliveries_ended')
      .on(table.updatedAt)
      .where(sql`${table.status} in ('delivered', 'failed')`),
  ],
);

/** What became of each attempt. */
export const webhookAttempts = pgTable(
  'webhook_attempts',
  {
    deliveryId: uuid('delivery_id')
      .notNull()
      .references(() => webhookDeliveries.id, { onDelete: 'cascade' }),
    number: integer('number').notNull(),
    startedAt: time('started_at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    /** Null where there was no answer. */
    statusCode: integer('status_code'),
    /** Why there was none, or why none was asked for. */
    error: text('error'),
    /** The first KB of the answer. */
    response: text('response'),
  },
  (table) => [primaryKey({ columns: [table.deliveryId, table.number] })],
);

/** When which provider was out of order, and why, as the workers found it; for people. */
export const breakerChanges = pgTable(
  'breaker_changes',
  {
    id: uuid('id').primaryKey(),
    provider: text('provider').notNull(),
    kind: breakerChangeKind('kind').notNull(),
    reason: text('reason').notNull(),
    /** Which of them found it, as it calls itself while it runs. */
    worker: uuid('worker').notNull(),
    createdAt,
  },
  (table) => [index('breaker_changes_provider').on(table.provider, table.id)],
);

/** Work that one instance at a time does for all. */
export const serviceLeases = pgTable('service_leases', {
  name: text('name').primaryKey(),
  holder: uuid('holder').notNull(),
  until: time('until').notNull(),
});

/** What test mode and the DEV role keep instead of handing it to a provider. */
export const inboxMessages = pgTable(
  'inbox_messages',
  {
    /** The message's own id: storing twice keeps one. */
    id: uuid('id')
      .primaryKey()
      .references(() => messages.id, { onDelete: 'cascade' }),
    clientId: uuid('client_id').notNull(),
    mode: keyMode('mode').notNull(),
    envelopeFrom: text('envelope_from').notNull(),
    envelopeTo: text('envelope_to').array().notNull(),
    mime: bytea('mime').notNull(),
    /** The beginning of what it says, for searching; null for mail from before there was a search. */
    bodyText: text('body_text'),
    receivedAt: time('received_at').notNull(),
    /** Null for mail that nobody has read. */
    readAt: time('read_at'),
  },
  (table) => [index('inbox_messages_client').on(table.clientId, table.mode, table.id)],
);
