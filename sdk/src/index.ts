export { createMailer, type Mailer, type MailerOptions } from './mailer.ts';
export { MailError, type MailErrorCode } from './mail-error.ts';
export type {
  Message,
  MessageContent,
  MessageEvent,
  PageOptions,
  RenderedTemplate,
  RenderInput,
  SendInput,
  SendResult,
  Template,
  TemplatePage,
  TemplateSources,
  TemplateVersion,
  TemplateVersionPage,
} from './types.ts';
