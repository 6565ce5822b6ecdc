export { type BatchOptions, createMailer, type Mailer, type MailerCalls, type RawRequest } from './mailer.ts';
export {
  type ErrorPlace,
  type LocalCode,
  MailError,
  type MailErrorCode,
  type MailErrorFacts,
} from './mail-error.ts';
export { type AnswerInfo, answerOf, type RateLimit } from './answer.ts';
export type { AttachmentContent, AttachmentInput } from './attachment.ts';
export type { Listing, Page } from './listing.ts';
export type {
  CallOptions,
  CreateOptions,
  FinishedRequest,
  MailerOptions,
  OutgoingRequest,
} from './options.ts';
export type { RetryOptions } from './retry.ts';
export type { Result, Safe } from './safe.ts';
export type { ClientsResource } from './resources/clients.ts';
export type { DeadLettersResource } from './resources/dead-letters.ts';
export type { InboxResource } from './resources/inbox.ts';
export type { KeysResource } from './resources/keys.ts';
export type { MessagesResource } from './resources/messages.ts';
export type { ProvidersResource } from './resources/providers.ts';
export type { QueueResource } from './resources/queue.ts';
export type { RecipientsResource } from './resources/recipients.ts';
export type { StatsResource } from './resources/stats.ts';
export type { SuppressionsResource } from './resources/suppressions.ts';
export type { WebhookEndpointsResource } from './resources/webhook-endpoints.ts';
export type { TemplatesResource } from './resources/templates.ts';
export type { StreamEvent, StreamOptions, StreamQuery } from './stream.ts';
export {
  verifyWebhook,
  type VerifyOptions,
  type WebhookEvent,
  type WebhookHeaders,
} from './verify-webhook.ts';
export type { WaitOptions } from './wait-for.ts';
export type * from './types.ts';
// With a star: only so can a declaration elsewhere add to the interface in it.
export * from './templates.ts';
