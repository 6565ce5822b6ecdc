import { createApi, dataOf, toQuery } from './api-client.ts';
import { toWireMessage } from './wire-message.ts';
import { type CallOptions, type CreateOptions, type MailerOptions, toSettings } from './options.ts';
import { type ClientsResource, createClients } from './resources/clients.ts';
import { createDeadLetters, type DeadLettersResource } from './resources/dead-letters.ts';
import { createInbox, type InboxResource } from './resources/inbox.ts';
import { createKeys, type KeysResource } from './resources/keys.ts';
import { createMessages, type MessagesResource } from './resources/messages.ts';
import { createProviders, type ProvidersResource } from './resources/providers.ts';
import { createQueue, type QueueResource } from './resources/queue.ts';
import { createRecipients, type RecipientsResource } from './resources/recipients.ts';
import { createStats, type StatsResource } from './resources/stats.ts';
import { createSuppressions, type SuppressionsResource } from './resources/suppressions.ts';
import { createTemplates, type TemplatesResource } from './resources/templates.ts';
import { createWebhookEndpoints, type WebhookEndpointsResource } from './resources/webhook-endpoints.ts';
import { type Safe, toSafe } from './safe.ts';
import { type StreamEvent, type StreamOptions, type StreamQuery, streamEvents } from './stream.ts';
import type { SendInput } from './templates.ts';
import { createTransport } from './transport.ts';
import type { BatchResult, Identity, SendResult } from './types.ts';

/** A request to a route for which there is no method (yet). */
export type RawRequest = CreateOptions & {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** Whether asking again is harmless, so that it is repeated where an answer is lost. Default: all but POST without a key. */
  isRepeatable?: boolean;
};

/** What a batch takes beside its messages. */
export type BatchOptions = CreateOptions & {
  /** `strict`: all or none. `permissive`: as many as are acceptable. Default `strict`. */
  mode?: 'strict' | 'permissive';
};

/** Everything that rejects with a {@link MailError} where it fails. */
export type MailerCalls = {
  /**
   * Hands a message to the service; once this resolves it is durable and will be delivered or say why not. Repeating after a failure
   * sends nothing twice.
   *
   * @throws MailError with the service's `code`
   *
   * @example
   * const { messageId } = await mailer.send({ to: 'ada@example.com', template: 'welcome', props: { name: 'Ada' } });
   */
  send(message: SendInput, options?: CreateOptions): Promise<SendResult>;
  /**
   * Hands over up to 500 messages in one request. Strictly (the default) all are taken or none; with `mode: 'permissive'` as many as
   * are acceptable, and each item of the answer says which it is, in order.
   *
   * @throws MailError `batch_rejected`, whose `items` say which messages were not acceptable
   *
   * @example
   * const people = ['ada@example.com', 'grace@example.com'];
   * const messages = people.map((to) => ({ to, subject: 'Hello', text: 'Hello!' }));
   * const { accepted, data } = await mailer.sendBatch(messages, { mode: 'permissive' });
   */
  sendBatch(messages: readonly SendInput[], options?: BatchOptions): Promise<BatchResult>;
  readonly messages: MessagesResource;
  readonly templates: TemplatesResource;
  readonly clients: ClientsResource;
  readonly keys: KeysResource;
  readonly suppressions: SuppressionsResource;
  readonly deadLetters: DeadLettersResource;
  readonly webhookEndpoints: WebhookEndpointsResource;
  readonly inbox: InboxResource;
  readonly recipients: RecipientsResource;
  readonly providers: ProvidersResource;
  readonly queue: QueueResource;
  readonly stats: StatsResource;
  /** Whose key this is, and what it may do; any key may ask. */
  whoami(options?: CallOptions): Promise<Identity>;
  /**
   * What happens to messages, as it happens: from now on, or from an event or a time on. A connection that is lost is made again, and
   * goes on after the last event; the iteration ends where you leave it, or with `aborted` by the signal.
   *
   * @example
   * const { messageId } = await mailer.send({ to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' });
   * for await (const event of mailer.stream({ since: new Date(Date.now() - 60_000).toISOString() })) {
   *   console.log(event.type, event.messageId, event.status);
   *   if (event.messageId === messageId && ['sent', 'delivered'].includes(event.type)) break;
   * }
   */
  stream(query?: StreamQuery, options?: StreamOptions): AsyncIterable<StreamEvent>;
  /** Any route of the API, with key, retries and errors as everywhere. What it answers is for you to look at. */
  request(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    request?: RawRequest,
  ): Promise<unknown>;
};

/** A mail service, as one key sees it. */
export type Mailer = MailerCalls & {
  /**
   * The same calls, resolving with `{ data, error }` where they would reject.
   *
   * @example
   * const { data, error } = await mailer.safe.send({ to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' });
   * console.log(error ? error.code : data.messageId);
   */
  readonly safe: Safe<MailerCalls>;
};

/**
 * Connects to a mail service. Nothing is sent before the first call.
 *
 * @throws MailError `not_configured` where base URL or key are missing, or cannot be
 *
 * @example
 * const mailer = createMailer({ baseUrl: process.env.MAIL_BASE_URL, apiKey: process.env.MAIL_API_KEY });
 * const { messageId } = await mailer.send({ to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' });
 * const message = await mailer.messages.get(messageId);
 */
export function createMailer(options: MailerOptions = {}): Mailer {
  const transport = createTransport(toSettings(options));
  const api = createApi(transport);
  const calls: MailerCalls = {
    async send(message, callOptions) {
      const body = await toWireMessage(message);
      return dataOf(api(callOptions, { isCreating: true }).v1.messages.post(body));
    },
    async sendBatch(messages, { mode = 'strict', ...callOptions } = {}) {
      const bodies = await Promise.all(messages.map(toWireMessage));
      return dataOf(
        api(callOptions, { isCreating: true }).v1.messages.batch.post({ messages: bodies, mode }),
      );
    },
    messages: createMessages(api),
    templates: createTemplates(api),
    clients: createClients(api),
    keys: createKeys(api),
    suppressions: createSuppressions(api),
    deadLetters: createDeadLetters(api),
    webhookEndpoints: createWebhookEndpoints(api),
    inbox: createInbox(api),
    recipients: createRecipients(api),
    providers: createProviders(api),
    queue: createQueue(api),
    stats: createStats(api),
    whoami: (callOptions) => dataOf(api(callOptions).v1.whoami.get()),
    stream: (query = {}, streamOptions = {}) => streamEvents(transport, query, streamOptions),
    request: (method, path, { query, body, idempotencyKey, isRepeatable, ...callOptions } = {}) =>
      transport.send({
        method,
        path: `${path}${toQuery(query)}`,
        body,
        idempotencyKey,
        isRepeatable: isRepeatable ?? (method !== 'POST' || idempotencyKey !== undefined),
        options: callOptions,
      }),
  };
  return { ...calls, safe: toSafe(calls) };
}
