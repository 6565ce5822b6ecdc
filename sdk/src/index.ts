export { createMailer, type Mailer, type MailerOptions } from './mailer.ts';
export { MailError, type MailErrorCode } from './mail-error.ts';
export type {
  Message,
  MessageContent,
  MessageEvent,
  PageOptions,
  SendInput,
  SendResult,
  Template,
  TemplatePage,
  TemplateSources,
} from './types.ts';
