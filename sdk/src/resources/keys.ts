import { type ApiOf, dataOf, doneOf } from '../api-client.ts';
import { listFrom, type Listing } from '../listing.ts';
import type { CallOptions } from '../options.ts';
import type { ApiKey, KeyInput, KeyRotation, NewKey, PageOptions, RotatedKey } from '../types.ts';

/** The keys of clients. For admin keys. */
export type KeysResource = {
  /** Newest first, never with a secret: await it for one page, or iterate for all of them. */
  list(clientId: string, page?: PageOptions, options?: CallOptions): Listing<ApiKey>;
  /** The key's text is in this answer and never again, so it is not asked for twice where the answer is lost. */
  create(clientId: string, key: KeyInput, options?: CallOptions): Promise<NewKey>;
  /**
   * Makes a new key like it, shown this once; the old one is good for `overlapS` more seconds, a day by default. Not asked for twice
   * where the answer is lost.
   *
   * @throws MailError `not_found` where it has ended already
   */
  rotate(clientId: string, keyId: string, input?: KeyRotation, options?: CallOptions): Promise<RotatedKey>;
  /** Ends it at once. */
  revoke(clientId: string, keyId: string, options?: CallOptions): Promise<void>;
};

/** @internal */
export function createKeys(api: ApiOf): KeysResource {
  const all = (id: string, options: CallOptions | undefined) => api(options).v1.clients({ id }).keys;
  return {
    list: (id, page = {}, options) => listFrom(page, (query) => all(id, options).get({ query })),
    create: (id, key, options) => dataOf(all(id, options).post(key)),
    rotate: (id, keyId, input = {}, options) => dataOf(all(id, options)({ keyId }).rotate.post(input)),
    revoke: (id, keyId, options) => doneOf(all(id, options)({ keyId }).delete()),
  };
}
