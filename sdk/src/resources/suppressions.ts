import { type ApiOf, dataOf, doneOf } from '../api-client.ts';
import { listFrom, type Listing } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type { Suppression, SuppressionQuery } from '../types.ts';

/** The addresses that a client's live mail does not reach. */
export type SuppressionsResource = {
  /** Newest first: await it for one page, or iterate for all of them. */
  list(query?: SuppressionQuery, options?: CallOptions): Listing<Suppression>;
  /** Adds an address; one that is there stays as it is. */
  add(email: string, options?: CallOptions): Promise<Suppression>;
  /**
   * By the suppression's id or by the address.
   *
   * @throws MailError `not_found`
   */
  remove(idOrEmail: string, options?: CallOptions): Promise<void>;
};

/** @internal */
export function createSuppressions(api: ApiOf): SuppressionsResource {
  return {
    list: (query = {}, options) =>
      listFrom(query, (page) => api(options).v1.suppressions.get({ query: page })),
    // What is on the list stays as it is, so that adding it again does nothing.
    add: (email, options) => dataOf(api(options, { isRepeatable: true }).v1.suppressions.post({ email })),
    remove: (id, options) => doneOf(api(options).v1.suppressions({ id }).delete()),
  };
}
