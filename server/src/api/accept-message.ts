import type { Config } from '../config.ts';
import type { StringMap } from '../db/schema.ts';
import { insertMessage, type Message } from '../lib/db/messages.ts';
import { listTemplateNames, resolveTemplate } from '../lib/db/templates.ts';
import type { Database } from '../lib/db/database.ts';
import { domainOf, formatAddress } from '../lib/mail/address.ts';
import type { MailQueue } from '../lib/queue/mail-queue.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { toTraceparent, type TraceContext } from '../lib/telemetry/trace-context.ts';
import { parseEnvelope } from './envelope.ts';
import type { ClientIdentity } from './middleware/authenticate.ts';
import { ApiError } from './problem.ts';
import { toLocale } from './locale.ts';
import { toPropsText } from './props-check.ts';
import type { SendMessageRequest } from './schemas.ts';
import { assertSenderAllowed } from './sender.ts';
import { mergeHeaders } from './template-mail.ts';

export type AcceptDeps = {
  config: Pick<Config, 'mailFrom'>;
  database: Database;
  queue: MailQueue;
  logger: Logger;
  metrics: Metrics;
};

type Accepting = { body: SendMessageRequest; identity: ClientIdentity; trace: TraceContext };

/**
 * Makes a message durable, then hands it to the queue. The row is the promise: where the queue does not take it, the answer
 * is the same and the reconciler enqueues it later.
 *
 * @throws ApiError for whatever is wrong with the request; nothing is written then
 */
export async function acceptMessage(
  deps: AcceptDeps,
  { body, identity, trace }: Accepting,
): Promise<Message> {
  const { content, from, headers } = await resolveContent(deps, { body, clientId: identity.client.id });
  const merged = { ...body, headers: mergeHeaders(headers, body.headers ?? {}) };
  const envelope = parseEnvelope(merged, from ?? deps.config.mailFrom);
  assertSenderAllowed(domainOf(envelope.from), identity.client);
  const message = await insertMessage(
    deps.database,
    {
      id: Bun.randomUUIDv7(),
      clientId: identity.client.id,
      mode: identity.mode,
      traceId: trace.traceId,
      ...content,
      fromAddress: formatAddress(envelope.from),
      replyTo: envelope.replyTo,
      headers: envelope.headers,
      tags: body.tags ?? {},
      metadata: body.metadata ?? {},
      recipient: envelope.recipients[0]?.email ?? '',
    },
    envelope.recipients,
  );
  deps.metrics.accepted.add(1, { mode: identity.mode });
  await enqueue(deps, message, trace);
  return message;
}

async function enqueue({ queue, logger }: AcceptDeps, message: Message, trace: TraceContext): Promise<void> {
  try {
    await queue.add([
      { messageId: message.id, traceparent: toTraceparent(trace), priority: message.priority },
    ]);
  } catch (error) {
    logger.warn(
      { err: error, trace_id: trace.traceId, message_id: message.id },
      'accepted, but not enqueued yet: the reconciler will',
    );
  }
}

type Content = Pick<
  Message,
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

/** What a message says, and what its template says of a message that does not: its sender and headers. */
type Resolved = { content: Content; from: string | null; headers: StringMap };

async function resolveContent(
  deps: AcceptDeps,
  { body, clientId }: { body: SendMessageRequest; clientId: string },
): Promise<Resolved> {
  const hasBody = body.html !== undefined || body.text !== undefined;
  if (body.template === undefined) {
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
  if (hasBody)
    throw invalid(
      body.html === undefined ? '/text' : '/html',
      'a message has either a template or html and text',
    );
  return resolveTemplateContent(deps, { template: body.template, body, clientId });
}

async function resolveTemplateContent(
  { database }: AcceptDeps,
  { template, body, clientId }: { template: string; body: SendMessageRequest; clientId: string },
): Promise<Resolved> {
  const [name = template, number] = template.split('@');
  const version = await resolveTemplate(database.db, {
    clientId,
    name,
    version: number === undefined ? null : Number(number),
  });
  if (!version) throw await templateNotFound(database, { template, clientId });
  const props = toPropsText(body.props ?? {}, version.schema);
  const content = {
    templateVersionId: version.id,
    templateName: name,
    templateVersion: version.number,
    props,
    locale: toLocale(body.locale),
    html: null,
    text: null,
    givenSubject: body.subject ?? null,
    subject: body.subject ?? null,
  };
  return { content, from: version.fromAddress, headers: version.headers };
}

async function templateNotFound(
  database: Database,
  { template, clientId }: { template: string; clientId: string },
): Promise<ApiError> {
  const names = await listTemplateNames(database.db, clientId);
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
