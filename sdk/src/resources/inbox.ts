import { type ApiOf, dataOf, doneOf } from '../api-client.ts';
import { createListing, type Listing, withCursor } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type { InboxEntry, InboxMail, InboxQuery } from '../types.ts';

/** What test mode and the DEV role kept instead of sending it. For end-to-end tests see `openInbox` of the testing entry. */
export type InboxResource = {
  /**
   * Newest first: await it for one page, or iterate for all of them. `search` takes words, and `to:`, `subject:`, `template:` and
   * `is:unread`.
   */
  list(query?: InboxQuery, options?: CallOptions): Listing<InboxEntry>;
  /** One mail taken apart and with its bytes, by the message's id. */
  get(messageId: string, options?: CallOptions): Promise<InboxMail>;
  /** Remembers whether a mail was read. */
  mark(messageId: string, mark: { isRead: boolean }, options?: CallOptions): Promise<void>;
  /**
   * Removes what was kept of a message; the message itself stays.
   *
   * @throws MailError `not_found`
   */
  delete(messageId: string, options?: CallOptions): Promise<void>;
  /** Removes every mail there is; resolves with their number. */
  empty(options?: CallOptions): Promise<number>;
};

/** @internal */
export function createInbox(api: ApiOf): InboxResource {
  return {
    list: (query = {}, options) =>
      createListing((cursor) => dataOf(api(options).v1.inbox.get({ query: withCursor(query, cursor) }))),
    get: (id, options) => dataOf(api(options).v1.inbox({ id }).get()),
    mark: (id, mark, options) => doneOf(api(options).v1.inbox({ id }).patch(mark)),
    delete: (id, options) => doneOf(api(options).v1.inbox({ id }).delete()),
    async empty(options) {
      let total = 0;
      for (;;) {
        const { removed, hasMore } = await dataOf(api(options).v1.inbox.delete());
        total += removed;
        if (!hasMore) return total;
      }
    },
  };
}
