import { type ApiOf, dataOf } from '../api-client.ts';
import { listFrom, type Listing } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type { InboxEntry, InboxMail, PageOptions } from '../types.ts';

/** What test mode and the DEV role kept instead of sending it. For end-to-end tests see `openInbox` of the testing entry. */
export type InboxResource = {
  /** Newest first: await it for one page, or iterate for all of them. */
  list(page?: PageOptions, options?: CallOptions): Listing<InboxEntry>;
  /** One mail with its bytes, by the message's id. */
  get(messageId: string, options?: CallOptions): Promise<InboxMail>;
};

/** @internal */
export function createInbox(api: ApiOf): InboxResource {
  return {
    list: (page = {}, options) => listFrom(page, (query) => api(options).v1.inbox.get({ query })),
    get: (id, options) => dataOf(api(options).v1.inbox({ id }).get()),
  };
}
