import { treaty } from '@elysiajs/eden';
import type { App } from '@org/mail-server';
import { MailError, toMailError } from './mail-error.ts';
import type {
  Api,
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

export type MailerOptions = {
  /** Where the service listens, for example `http://127.0.0.1:3025`. */
  baseUrl: string;
  /** A client's key: `mk_live_...`, or `mk_test_...` for mail that must not leave. */
  apiKey: string;
};

export type Mailer = {
  /**
   * Hands a message to the service; once this resolves it is durable and will be delivered or say why not.
   *
   * @throws MailError with the service's `code`
   */
  send(message: SendInput): Promise<SendResult>;
  readonly messages: {
    /** @throws MailError `not_found` where this key has no such message */
    get(id: string): Promise<Message>;
    /** The message's timeline, oldest first. */
    events(id: string): Promise<MessageEvent[]>;
    /** Subject, html and text; `exact` says that they are what was sent. */
    content(id: string): Promise<MessageContent>;
  };
  readonly templates: {
    /**
     * Stores a new version, or returns the current one where nothing changed.
     *
     * @throws MailError `template_build_failed` with file, line and column of each error
     */
    push(name: string, sources: TemplateSources): Promise<Template>;
    /** One page, newest first; pass `nextCursor` on for the next. */
    list(page?: PageOptions): Promise<TemplatePage>;
    /** @throws MailError `template_not_found` */
    get(name: string): Promise<Template>;
    /** One page of its versions, newest first. */
    versions(name: string, page?: PageOptions): Promise<TemplateVersionPage>;
    /** One version with its sources. */
    version(name: string, version: number): Promise<TemplateVersion>;
    /**
     * Renders without sending, with the template's own `PreviewProps` where no props are given.
     *
     * @throws MailError `invalid_props`, `template_render_failed`
     */
    render(name: string, input?: RenderInput): Promise<RenderedTemplate>;
    /** Makes an earlier version the current one. */
    rollBack(name: string, version: number): Promise<Template>;
    /** @throws MailError `template_in_use` while mail that is not sent yet needs it */
    delete(name: string): Promise<void>;
  };
};

/**
 * Connects to a mail service. Nothing is sent before the first call.
 *
 * @example
 * const mailer = createMailer({ baseUrl: 'http://127.0.0.1:3025', apiKey });
 * const { messageId } = await mailer.send({ to: 'ada@example.com', template: 'welcome', props: { name: 'Ada' } });
 * const message = await mailer.messages.get(messageId);
 */
export function createMailer({ baseUrl, apiKey }: MailerOptions): Mailer {
  const api: Api = treaty<App>(baseUrl, {
    headers: { 'x-api-key': apiKey },
    // Eden would turn every text that looks like a date into a Date, in subjects and metadata too.
    parseDate: false,
  });
  // Eden does not encode path parameters.
  const byId = (id: string) => {
    // An empty segment would be another route: the list.
    if (id === '') {
      throw new MailError({ code: 'not_found', message: 'An empty id names no message.', status: null });
    }
    return api.v1.messages({ id: encodeURIComponent(id) });
  };
  const byName = (name: string) => {
    if (name === '') {
      throw new MailError({ code: 'not_found', message: 'An empty name is no template.', status: null });
    }
    return api.v1.templates({ name: encodeURIComponent(name) });
  };
  return {
    send: (message) => unwrap(api.v1.messages.post(message)),
    messages: {
      get: async (id) => unwrap(byId(id).get()),
      events: async (id) => (await unwrap(byId(id).events.get())).data,
      content: async (id) => unwrap(byId(id).content.get()),
    },
    templates: {
      push: async (name, sources) => unwrap(byName(name).put(sources)),
      list: (page = {}) => unwrap(api.v1.templates.get({ query: page })),
      get: async (name) => unwrap(byName(name).get()),
      versions: async (name, page = {}) => unwrap(byName(name).versions.get({ query: page })),
      version: async (name, version) => unwrap(byName(name).versions({ number: version }).get()),
      render: async (name, input = {}) => unwrap(byName(name).render.post(input)),
      rollBack: async (name, version) => unwrap(byName(name).rollback.post({ version })),
      async delete(name) {
        // an answer without a body is no data, and no error either
        const { error } = await byName(name).delete();
        if (error) await unwrap(Promise.resolve({ data: null, error }));
      },
    },
  };
}

type EdenAnswer<T> = { data: T | null; error: { status: unknown; value: unknown } | null };

async function unwrap<T>(call: Promise<EdenAnswer<T>>): Promise<T> {
  const { data, error } = await call;
  if (data !== null) return data;
  // Eden reports a request that got no answer as a 503 whose value is the error itself.
  if (error?.value instanceof Error) {
    throw new MailError({
      code: 'network_error',
      message: `The mail service cannot be reached: ${error.value.message}`,
      status: null,
      cause: error.value,
    });
  }
  throw toMailError(Number(error?.status), error?.value);
}
