import { sql } from 'drizzle-orm';
import {
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
export const messageStatus = pgEnum('message_status', [
  'queued',
  'sending',
  'sent',
  'delivered',
  'bounced',
  'spam',
  'failed',
  'unknown',
]);
export const eventType = pgEnum('message_event_type', [
  'accepted',
  'attempted',
  'rendered',
  'handed_over',
  'sent',
  'delivered',
  'refused',
  'deferred',
  'failed',
  'unknown',
]);

/** An application that sends: owns keys, templates and messages. */
export const clients = pgTable('clients', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull().unique(),
  status: clientStatus('status').notNull().default('active'),
  /** Domains that `from` may use, lower case; null allows any. */
  fromDomains: text('from_domains').array(),
  createdAt,
  updatedAt,
});

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
    // Ascending: read backwards it serves "newest first", which a descending index with its nulls last would not.
    index('messages_client_id').on(table.clientId, table.mode, table.id),
    index('messages_recipient').on(table.clientId, table.mode, table.recipient, table.id),
    // What the reconciler looks for; small, because it holds live messages only.
    index('messages_unfinished')
      .on(table.updatedAt)
      .where(sql`${table.status} in ('queued', 'sending')`),
    check(
      'messages_content',
      sql`${table.templateName} is not null or ${table.html} is not null or ${table.text} is not null`,
    ),
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
    kind: recipientKind('kind').notNull(),
    email: text('email').notNull(),
    name: text('name'),
    status: messageStatus('status').notNull().default('queued'),
    /** The provider's last words about this address. */
    response: text('response'),
  },
  (table) => [primaryKey({ columns: [table.messageId, table.position] })],
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
    createdAt,
  },
  (table) => [index('message_events_message').on(table.messageId, table.id)],
);

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
    receivedAt: time('received_at').notNull(),
  },
  (table) => [index('inbox_messages_client').on(table.clientId, table.mode, table.id)],
);
