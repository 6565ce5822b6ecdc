import { type ApiOf, dataOf } from '../api-client.ts';
import { createListing, type Listing, withCursor } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type { ProviderEvent, ProviderEventQuery, ProviderReport } from '../types.ts';

/** The ways out of the service. For admin keys. */
export type ProvidersResource = {
  /** Each as each worker finds it: breakers are each worker's own. */
  list(options?: CallOptions): Listing<ProviderReport>;
  /**
   * When one of them was out of order and why, newest first: await it for one page, or iterate for all of them.
   *
   * @throws MailError `not_found` where there is no provider of this name
   */
  events(name: string, query?: ProviderEventQuery, options?: CallOptions): Listing<ProviderEvent>;
};

/** @internal */
export function createProviders(api: ApiOf): ProvidersResource {
  return {
    // The service answers with all of them: there is no second page to ask for.
    list: (options) => createListing(() => dataOf(api(options).v1.providers.get())),
    events: (name, query = {}, options) =>
      createListing((cursor) =>
        dataOf(
          api(options)
            .v1.providers({ name })
            .events.get({ query: withCursor(query, cursor) }),
        ),
      ),
  };
}
