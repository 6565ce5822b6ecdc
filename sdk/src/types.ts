import type { Treaty } from '@elysiajs/eden';
import type { App } from '@org/mail-server';

/** The API's client as Eden derives it from the server's routes; every public type here comes out of it. */
export type Api = Treaty.Create<App>;

type Messages = Api['v1']['messages'];
type MessageById = ReturnType<Messages>;
type Answer<Call extends (...args: never[]) => Promise<{ data: unknown }>> = NonNullable<
  Awaited<ReturnType<Call>>['data']
>;

/** Body of `send`: a template with props, or html and text. */
export type SendInput = Parameters<Messages['post']>[0];

/** The promise that a message is kept: its id, status and time. */
export type SendResult = Answer<Messages['post']>;

/** A message with its recipients. */
export type Message = Answer<MessageById['get']>;

/** One line of a message's timeline. */
export type MessageEvent = Answer<MessageById['events']['get']>['data'][number];

/** What a recipient sees. */
export type MessageContent = Answer<MessageById['content']['get']>;

type Templates = Api['v1']['templates'];
type TemplateByName = ReturnType<Templates>;

/** A template's files by relative path, and which of them is the entry. */
export type TemplateSources = Parameters<TemplateByName['put']>[0];

/** A template with its current version. */
export type Template = Answer<TemplateByName['put']>;

export type PageOptions = { limit?: number; cursor?: string };

export type TemplatePage = Answer<Templates['get']>;

/** A page of a template's versions, without sources. */
export type TemplateVersionPage = Answer<TemplateByName['versions']['get']>;

/** One version of a template, sources and all. */
export type TemplateVersion = Answer<ReturnType<TemplateByName['versions']>['get']>;

/** Props, and which version. */
export type RenderInput = Parameters<TemplateByName['render']['post']>[0];

/** What a recipient would see. */
export type RenderedTemplate = Answer<TemplateByName['render']['post']>;
