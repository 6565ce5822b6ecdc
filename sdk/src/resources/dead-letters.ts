import { type ApiOf, dataOf, doneOf } from '../api-client.ts';
import { listFrom, type Listing } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type {
  DeadLetter,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterQuery,
  DiscardedDeadLetters,
  MessageDecision,
  RetriedDeadLetters,
} from '../types.ts';

/** Messages that were given up: a client's key sees its own, an admin's everybody's. */
export type DeadLettersResource = {
  /** Newest first: await it for one page, or iterate for all of them. */
  list(query?: DeadLetterQuery, options?: CallOptions): Listing<DeadLetter>;
  /** With each of its attempts. By the message's id, as everywhere here. */
  get(messageId: string, options?: CallOptions): Promise<DeadLetterDetail>;
  /** @throws MailError `not_retryable` */
  retry(messageId: string, options?: CallOptions): Promise<MessageDecision>;
  /** As many of those that fit as go at once; `hasMore` says whether to ask again. */
  retryAll(filter: DeadLetterFilter, options?: CallOptions): Promise<RetriedDeadLetters>;
  /** The message stays failed. */
  discard(messageId: string, options?: CallOptions): Promise<void>;
  /** As many of those that fit as go at once; `hasMore` says whether to ask again. */
  discardAll(filter: DeadLetterFilter, options?: CallOptions): Promise<DiscardedDeadLetters>;
};

/** @internal */
export function createDeadLetters(api: ApiOf): DeadLettersResource {
  return {
    list: (query = {}, options) =>
      listFrom(query, (page) => api(options).v1['dead-letters'].get({ query: page })),
    get: (id, options) => dataOf(api(options).v1['dead-letters']({ id }).get()),
    retry: (id, options) => dataOf(api(options).v1['dead-letters']({ id }).retry.post()),
    retryAll: (filter, options) => dataOf(api(options).v1['dead-letters'].retry.post(filter)),
    discard: (id, options) => doneOf(api(options).v1['dead-letters']({ id }).delete()),
    discardAll: (filter, options) =>
      dataOf(api(options, { isRepeatable: true }).v1['dead-letters'].discard.post(filter)),
  };
}
