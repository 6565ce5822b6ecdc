import { randomBytes } from 'node:crypto';
import type { Config } from '../../config.ts';
import type { StringMap } from '../../db/schema.ts';
import { bodyBlobKey, MAX_ROW_BODY_BYTES, toBodyBytes } from '../../lib/blobs/message-content.ts';
import type { Db } from '../../lib/db/database.ts';
import type { NewMessage, NewMessageRow } from '../../lib/db/messages-write.ts';
import { listTemplateNames } from '../../lib/db/templates.ts';
import { domainOf, formatAddress } from '../../lib/mail/address.ts';
import { createUnsubscribeSecret } from '../../lib/messages/unsubscribe.ts';
import { toTraceparent, type TraceContext } from '../../lib/telemetry/trace-context.ts';
import { parseAttachments } from './attachments.ts';
import { parseEnvelope, type ParsedEnvelope } from './envelope.ts';
import { toLocale } from './locale.ts';
import type { ClientIdentity } from '../middleware/authenticate.ts';
import { ApiError } from '../problems/problem.ts';
import type { PropsChecker } from './props-check.ts';
import { parseSchedule } from './schedule.ts';
import type { SendMessageRequest } from '../schemas.ts';
import { assertSenderAllowed } from './sender.ts';
import { mergeHeaders } from './template-mail.ts';
import type { TemplateResolver } from './template-resolver.ts';

export type PrepareDeps = {
  config: Pick<Config, 'mailFrom' | 'maxAttachmentBytes' | 'publicUrl'>;
  db: Db;
  templates: TemplateResolver;
  props: PropsChecker;
  now: () => Date;
};

export type Preparing = { body: SendMessageRequest; identity: ClientIdentity; trace: TraceContext };

/** A message that is ready to be kept, and the bytes that must be kept before it. */
export type PreparedMessage = { message: NewMessage; blobs: { key: string; bytes: Uint8Array }[] };

/**
 * Checks a request as far as it goes without writing anything.
 *
 * @throws ApiError for whatever is wrong with it
 */
export async function prepareMessage(
  deps: PrepareDeps,
  { body, identity, trace }: Preparing,
): Promise<PreparedMessage> {
  const { content, from, headers } = await resolveContent(deps, { body, clientId: identity.client.id });
  const envelope = parseEnvelope(
    { ...body, headers: mergeHeaders(headers, body.headers ?? {}) },
    from ?? deps.config.mailFrom,
  );
  assertSenderAllowed(domainOf(envelope.from), identity.client);
  if (body.unsubscribe) assertUnsubscribable(envelope, deps.config);
  const now = deps.now();
  const id = Bun.randomUUIDv7();
  const scheduledAt = body.scheduledAt === undefined ? null : parseSchedule(body.scheduledAt, now);
  const { maxAttachmentBytes: maxBytes } = deps.config;
  const attachments = body.attachments ? parseAttachments(body.attachments, { messageId: id, maxBytes }) : [];
  const kept = keepBody(id, content);
  const row: NewMessageRow = {
    id,
    clientId: identity.client.id,
    mode: identity.mode,
    status: scheduledAt === null ? 'queued' : 'scheduled',
    traceId: trace.traceId,
    ...kept.content,
    fromAddress: formatAddress(envelope.from),
    replyTo: envelope.replyTo,
    headers: envelope.headers,
    tags: body.tags ?? {},
    metadata: body.metadata ?? {},
    recipient: envelope.recipients[0]?.email ?? '',
    priority: body.priority ?? 'normal',
    scheduledAt,
    unsubscribeSecret: body.unsubscribe ? createUnsubscribeSecret(randomBytes) : null,
    createdAt: now,
  };
  const job =
    scheduledAt === null
      ? { messageId: id, traceparent: toTraceparent(trace), priority: row.priority }
      : null;
  const { recipients } = envelope;
  return {
    message: { row, recipients, attachments: attachments.map(({ facts }) => facts), job },
    blobs: [...kept.blobs, ...attachments.map(({ facts, bytes }) => ({ key: facts.blobKey, bytes }))],
  };
}

type Content = Pick<
  NewMessageRow,
  | 'templateVersionId'
  | 'templateName'
  | 'templateVersion'
  | 'props'
  | 'locale'
  | 'html'
  | 'text'
  | 'givenSubject'
  | 'subject'
>;

function keepBody(id: string, content: Content) {
  const { html, text } = content;
  const size = (html?.length ?? 0) + (text?.length ?? 0);
  // A character has three bytes at most, so that most bodies need not be measured.
  const isSmall = size * 3 <= MAX_ROW_BODY_BYTES;
  if (isSmall || Buffer.byteLength(html ?? '') + Buffer.byteLength(text ?? '') <= MAX_ROW_BODY_BYTES)
    return { content: { ...content, bodyBlob: null }, blobs: [] };
  const key = bodyBlobKey(id);
  return {
    content: { ...content, html: null, text: null, bodyBlob: key },
    blobs: [{ key, bytes: toBodyBytes({ html, text }) }],
  };
}

const UNSUBSCRIBE_HEADERS: readonly string[] = ['list-unsubscribe', 'list-unsubscribe-post'];

/** One link belongs to one recipient: a click must never take somebody else off a list. */
function assertUnsubscribable(
  { recipients, headers }: ParsedEnvelope,
  { publicUrl }: Pick<Config, 'publicUrl'>,
): void {
  const refuse = (message: string) => {
    throw new ApiError('invalid_request', 'The message cannot have an unsubscribe link.', {
      errors: [{ path: '/unsubscribe', message }],
    });
  };
  if (publicUrl === null) refuse('needs PUBLIC_URL to be set on the server');
  if (recipients.length !== 1) refuse('needs exactly one recipient');
  if (Object.keys(headers).some((name) => UNSUBSCRIBE_HEADERS.includes(name.toLowerCase())))
    refuse('sets List-Unsubscribe itself: leave it out of the headers');
}

/** What a message says, and what its template says of a message that does not: its sender and headers. */
type Resolved = { content: Content; from: string | null; headers: StringMap };

async function resolveContent(
  deps: PrepareDeps,
  { body, clientId }: { body: SendMessageRequest; clientId: string },
): Promise<Resolved> {
  const hasBody = body.html !== undefined || body.text !== undefined;
  if (body.template === undefined) return resolveGiven(body, hasBody);
  if (hasBody)
    throw invalid(
      body.html === undefined ? '/text' : '/html',
      'a message has either a template or html and text',
    );
  return resolveTemplateContent(deps, { template: body.template, body, clientId });
}

function resolveGiven(body: SendMessageRequest, hasBody: boolean): Resolved {
  if (!hasBody) throw invalid('/template', 'name a template, or give html or text');
  if (body.props !== undefined) throw invalid('/props', 'props go with a template');
  if (body.locale !== undefined) throw invalid('/locale', 'a locale goes with a template');
  if (body.subject === undefined) throw invalid('/subject', 'a message without a template needs a subject');
  const content = {
    templateVersionId: null,
    templateName: null,
    templateVersion: null,
    props: null,
    locale: null,
    html: body.html ?? null,
    text: body.text ?? null,
    givenSubject: body.subject,
    subject: body.subject,
  };
  return { content, from: null, headers: {} };
}

async function resolveTemplateContent(
  { db, templates, props }: PrepareDeps,
  { template, body, clientId }: { template: string; body: SendMessageRequest; clientId: string },
): Promise<Resolved> {
  const [name = template, number] = template.split('@');
  const version = await templates.resolve({
    clientId,
    name,
    version: number === undefined ? null : Number(number),
  });
  if (!version) throw await templateNotFound(db, { template, clientId });
  const content = {
    templateVersionId: version.id,
    templateName: name,
    templateVersion: version.number,
    props: props.toText(body.props ?? {}, version),
    locale: toLocale(body.locale),
    html: null,
    text: null,
    givenSubject: body.subject ?? null,
    subject: body.subject ?? null,
  };
  return { content, from: version.fromAddress, headers: version.headers };
}

async function templateNotFound(
  db: Db,
  { template, clientId }: { template: string; clientId: string },
): Promise<ApiError> {
  const names = await listTemplateNames(db, clientId);
  const known =
    names.length > 0
      ? `This key can use: ${names.join(', ')}.`
      : 'None has been pushed yet: mailctl template push.';
  return new ApiError('template_not_found', `There is no template "${template}". ${known}`);
}

function invalid(path: string, message: string): ApiError {
  return new ApiError('invalid_request', 'The content of the message is not clear.', {
    errors: [{ path, message }],
  });
}
