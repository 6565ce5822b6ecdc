import { type ApiOf, dataOf } from '../api-client.ts';
import { createListing, type Listing } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type { ProviderReport } from '../types.ts';

/** The ways out of the service. For admin keys. */
export type ProvidersResource = {
  /** Each as each worker finds it: breakers are each worker's own. */
  list(options?: CallOptions): Listing<ProviderReport>;
};

/** @internal */
export function createProviders(api: ApiOf): ProvidersResource {
  return {
    // The service answers with all of them: there is no second page to ask for.
    list: (options) => createListing(() => dataOf(api(options).v1.providers.get())),
  };
}
