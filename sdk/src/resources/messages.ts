import { type ApiOf, dataOf } from '../api-client.ts';
import { answerOf, noteAnswer } from '../answer.ts';
import { listFrom, type Listing } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type {
  Message,
  MessageContent,
  MessageDecision,
  MessageEvent,
  MessageQuery,
  MessageStatus,
  MessageSummary,
  Resolution,
} from '../types.ts';
import { toIsoTime } from '../iso-time.ts';
import { type WaitOptions, waitForStatus } from '../wait-for.ts';

/** What was sent, and what became of it. */
export type MessagesResource = {
  /**
   * Messages, newest first: await it for one page, or iterate for all of them.
   *
   * @example
   * for await (const message of mailer.messages.list({ status: 'failed', limit: 100 })) {
   *   console.log(message.id, message.lastError);
   * }
   */
  list(query?: MessageQuery, options?: CallOptions): Listing<MessageSummary>;
  /** @throws MailError `not_found` where this key has no such message */
  get(id: string, options?: CallOptions): Promise<Message>;
  /** The message's timeline, oldest first. */
  events(id: string, options?: CallOptions): Promise<MessageEvent[]>;
  /** Subject, html and text; `exact` says that they are what was sent. */
  content(id: string, options?: CallOptions): Promise<MessageContent>;
  /**
   * Takes back a message that is queued or scheduled.
   *
   * @throws MailError `not_cancelable`
   */
  cancel(id: string, options?: CallOptions): Promise<Message>;
  /**
   * Moves a scheduled message to another time.
   *
   * @throws MailError `not_scheduled`
   */
  reschedule(id: string, scheduledAt: string | Date, options?: CallOptions): Promise<Message>;
  /**
   * Gives a failed message another run.
   *
   * @throws MailError `not_retryable`
   */
  retry(id: string, options?: CallOptions): Promise<MessageDecision>;
  /**
   * Says what became of a message whose provider's answer was lost (status `unknown`), or sends it again.
   *
   * @throws MailError `not_resolvable`
   */
  resolve(id: string, as: Resolution, options?: CallOptions): Promise<MessageDecision>;
  /**
   * Resolves with the message once it has the status, or one further on the way from `queued` to `delivered`; without a status once
   * no worker has anything left to do with it.
   *
   * @throws MailError `message_ended` where it can no longer get there, `wait_timeout`, `aborted`
   *
   * @example
   * const { messageId } = await mailer.send({ to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' });
   * const message = await mailer.messages.waitFor(messageId, 'sent', { timeoutMs: 60_000 });
   */
  waitFor(id: string, status?: MessageStatus, options?: WaitOptions): Promise<Message>;
};

/** @internal */
export function createMessages(api: ApiOf): MessagesResource {
  const get = (id: string, options?: CallOptions) => dataOf(api(options).v1.messages({ id }).get());
  return {
    list: (query = {}, options) => listFrom(query, (page) => api(options).v1.messages.get({ query: page })),
    get,
    async events(id, options) {
      const page = await dataOf(api(options).v1.messages({ id }).events.get());
      const info = answerOf(page);
      if (info) noteAnswer(page.data, info);
      return page.data;
    },
    content: (id, options) => dataOf(api(options).v1.messages({ id }).content.get()),
    cancel: (id, options) => dataOf(api(options).v1.messages({ id }).cancel.post()),
    reschedule: (id, scheduledAt, options) =>
      dataOf(
        api(options)
          .v1.messages({ id })
          .patch({ scheduledAt: toIsoTime(scheduledAt) }),
      ),
    retry: (id, options) => dataOf(api(options).v1.messages({ id }).retry.post()),
    resolve: (id, as, options) => dataOf(api(options).v1.messages({ id }).resolve.post({ as })),
    waitFor: (id, status, options = {}) =>
      waitForStatus((callOptions) => get(id, callOptions), { ...options, status }),
  };
}
