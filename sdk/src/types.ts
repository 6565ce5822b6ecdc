/**
 * What the API takes and gives, derived from the server's routes and written nowhere else. The published declarations hold the
 * same types spelled out (scripts/sdk/flatten-types.ts).
 */
import type { Api } from './api.ts';

type Answer<Call extends (...args: never[]) => Promise<{ data: unknown }>> = NonNullable<
  Awaited<ReturnType<Call>>['data']
>;
type Query<Options> = Options extends { query?: infer Q } ? NonNullable<Q> : never;

type MessagesApi = Api['v1']['messages'];
type MessageApi = ReturnType<MessagesApi>;
type TemplatesApi = Api['v1']['templates'];
type TemplateApi = ReturnType<TemplatesApi>;
type ClientsApi = Api['v1']['clients'];
type ClientApi = ReturnType<ClientsApi>;
type KeysApi = ClientApi['keys'];
type KeyApi = ReturnType<KeysApi>;
type QueueApi = Api['v1']['queue'];
type ProvidersApi = Api['v1']['providers'];
type ProviderApi = ReturnType<ProvidersApi>;
type RecipientApi = ReturnType<Api['v1']['recipients']>;
type DeadLettersApi = Api['v1']['dead-letters'];
type SuppressionsApi = Api['v1']['suppressions'];
type WebhookEndpointsApi = Api['v1']['webhook-endpoints'];
type WebhookEndpointApi = ReturnType<WebhookEndpointsApi>;
type InboxApi = Api['v1']['inbox'];
type StatsApi = Api['v1']['stats'];

/** The service's closed list of error codes; docs/errors.md explains each. */
// Not imported by a name of its own, by which the flattened types would then call it.
export type ProblemCode = import('@org/mail-server').ProblemCode;

/** A message as the API takes it, attachments in base64. `SendInput` is the pleasanter form of it. */
export type MessageBody = Parameters<MessagesApi['post']>[0];

/** The promise that a message is kept: its id, status and time. */
export type SendResult = Answer<MessagesApi['post']>;

/** What became of each message of a batch, in order. */
export type BatchResult = Answer<MessagesApi['batch']['post']>;

/** One message of a batch that was not acceptable, by its place in the batch. */
export type BatchProblem = Extract<BatchResult['data'][number], { error: unknown }>['error'];

/** A message with its recipients. */
export type Message = Answer<MessageApi['get']>;

/** Where a message stands. */
export type MessageStatus = Message['status'];

/** Which messages to list. */
export type MessageQuery = Query<NonNullable<Parameters<MessagesApi['get']>[0]>>;

/** A message as lists show it: without its recipients. */
export type MessageSummary = Answer<MessagesApi['get']>['data'][number];

/** One line of a message's timeline. */
export type MessageEvent = Answer<MessageApi['events']['get']>['data'][number];

/** What a recipient sees. */
export type MessageContent = Answer<MessageApi['content']['get']>;

/** A template's files by relative path, and which of them is the entry. */
export type TemplateSources = Parameters<TemplateApi['put']>[0];

/** A template with its current version. */
export type Template = Answer<TemplateApi['put']>;

/** Which page of a list: at most `limit` (1 to 100, 20 by default) from `cursor` on. */
export type PageOptions = Query<NonNullable<Parameters<TemplatesApi['get']>[0]>>;

/** Something that works in a template, but not as its author will want. */
export type TemplateWarning = Template['warnings'][number];

/** A template as lists show it. */
export type TemplateSummary = Answer<TemplatesApi['get']>['data'][number];

/** A version of a template, without its sources. */
export type TemplateVersionSummary = Answer<TemplateApi['versions']['get']>['data'][number];

/** One version of a template, sources and all. */
export type TemplateVersion = Answer<ReturnType<TemplateApi['versions']>['get']>;

/** Props, and which version. */
export type RenderInput = NonNullable<Parameters<TemplateApi['render']['post']>[0]>;

/** What a recipient would see. */
export type RenderedTemplate = Answer<TemplateApi['render']['post']>;

/** A new client. */
export type ClientInput = Parameters<ClientsApi['post']>[0];

/** A client of the service: an application or a tenant. */
export type Client = Answer<ClientsApi['post']>;

/** What to change of a client; what is left out stays. */
export type ClientChanges = Parameters<ClientApi['patch']>[0];

/** Which clients to list. */
export type ClientQuery = Query<NonNullable<Parameters<ClientsApi['get']>[0]>>;

/** A client that is no more, and how much went with it. */
export type RemovedClient = Answer<ClientApi['delete']>;

/** A new key. */
export type KeyInput = Parameters<KeysApi['post']>[0];

/** A key without its secret, which nobody can show again. */
export type ApiKey = Answer<KeysApi['get']>['data'][number];

/** A key with its text, which is shown this once. */
export type NewKey = Answer<KeysApi['post']>;

/** How long the old key is good too, and when the new one ends. */
export type KeyRotation = NonNullable<Parameters<KeyApi['rotate']['post']>[0]>;

/** A new key with its text, which is shown this once, and the one in whose place it is. */
export type RotatedKey = Answer<KeyApi['rotate']['post']>;

/** How much waits, and whether workers may take it. */
export type QueueState = Answer<QueueApi['get']>;

/** A provider as each worker finds it. */
export type ProviderReport = Answer<ProvidersApi['get']>['data'][number];

/** A change of how a worker found a provider. */
export type ProviderEvent = Answer<ProviderApi['events']['get']>['data'][number];

/** Which of a provider's changes to list. */
export type ProviderEventQuery = Query<NonNullable<Parameters<ProviderApi['events']['get']>[0]>>;

/** Which messages to count, and by the hour or by the day. */
export type StatsQuery = Query<NonNullable<Parameters<StatsApi['get']>[0]>>;

/** How many messages came to what, in all and by template, provider and time. */
export type Stats = Answer<StatsApi['get']>;

/** Whose key it is, and what it may do. */
export type Identity = Answer<Api['v1']['whoami']['get']>;

/** How much was forgotten of a recipient, and what could not be yet. */
export type ErasedRecipient = Answer<RecipientApi['delete']>;

/** A mail that test mode or the DEV role kept, without its bytes. */
export type InboxEntry = Answer<InboxApi['get']>['data'][number];

/** Which kept mail to list. */
export type InboxQuery = Query<NonNullable<Parameters<InboxApi['get']>[0]>>;

/** One kept mail taken apart, and its bytes as text, a character a byte. */
export type InboxMail = Answer<ReturnType<InboxApi>['get']>;

/** What a person decides about a message of which nobody knows whether it was sent. */
export type Resolution = Parameters<MessageApi['resolve']['post']>[0]['as'];

/** Where a message stands after somebody decided about it. */
export type MessageDecision = Answer<MessageApi['resolve']['post']>;

/** Which dead letters. */
export type DeadLetterQuery = Query<NonNullable<Parameters<DeadLettersApi['get']>[0]>>;

/** Which dead letters to treat at once. */
export type DeadLetterFilter = NonNullable<Parameters<DeadLettersApi['retry']['post']>[0]>;

/** A message that was given up. */
export type DeadLetter = Answer<DeadLettersApi['get']>['data'][number];

/** A message that was given up, with each of its attempts. */
export type DeadLetterDetail = Answer<ReturnType<DeadLettersApi>['get']>;

/** How many were retried, and whether there are more. */
export type RetriedDeadLetters = Answer<DeadLettersApi['retry']['post']>;

/** How many were discarded, and whether there are more. */
export type DiscardedDeadLetters = Answer<DeadLettersApi['discard']['post']>;

/** Which suppressions to list. */
export type SuppressionQuery = Query<NonNullable<Parameters<SuppressionsApi['get']>[0]>>;

/** An address that live mail does not reach, and why. */
export type Suppression = Answer<SuppressionsApi['get']>['data'][number];

/** A new endpoint: where to, and which events. */
export type WebhookEndpointInput = Parameters<WebhookEndpointsApi['post']>[0];

/** An endpoint without its secrets. */
export type WebhookEndpoint = Answer<WebhookEndpointApi['get']>;

/** An endpoint with its new secret, which is shown this once. */
export type NewWebhookEndpoint = Answer<WebhookEndpointsApi['post']>;

/** What to change of an endpoint; what is left out stays. */
export type WebhookEndpointChanges = NonNullable<Parameters<WebhookEndpointApi['patch']>[0]>;

/** How long the old secret signs too. */
export type RotationInput = NonNullable<Parameters<WebhookEndpointApi['rotate']['post']>[0]>;

/** The delivery that a test became. */
export type WebhookTest = Answer<WebhookEndpointApi['test']['post']>;

/** Which deliveries to list. */
export type WebhookDeliveryQuery = Query<NonNullable<Parameters<WebhookEndpointApi['deliveries']['get']>[0]>>;

/** One event on its way to an endpoint, with each attempt. */
export type WebhookDelivery = Answer<WebhookEndpointApi['deliveries']['get']>['data'][number];

/** What to send again: one event, or those of a time. */
export type WebhookReplayInput = NonNullable<Parameters<WebhookEndpointApi['replay']['post']>[0]>;

/** How much is sent again, and where to go on. */
export type WebhookReplay = Answer<WebhookEndpointApi['replay']['post']>;
