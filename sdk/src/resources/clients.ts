import { type ApiOf, dataOf } from '../api-client.ts';
import { listFrom, type Listing } from '../listing.ts';
import type { CallOptions, CreateOptions } from '../options.ts';
import type { Client, ClientChanges, ClientInput, ClientQuery, RemovedClient } from '../types.ts';

/** The applications that send. For admin keys. */
export type ClientsResource = {
  /** @throws MailError `name_taken` */
  create(client: ClientInput, options?: CreateOptions): Promise<Client>;
  /** Newest first: await it for one page, or iterate for all of them. */
  list(query?: ClientQuery, options?: CallOptions): Listing<Client>;
  get(id: string, options?: CallOptions): Promise<Client>;
  /** What is left out stays; null takes a limit away. */
  update(id: string, changes: ClientChanges, options?: CallOptions): Promise<Client>;
  /** Refuses whatever its keys ask for, until it is active again; mail that was accepted is still sent. */
  suspend(id: string, options?: CallOptions): Promise<Client>;
  activate(id: string, options?: CallOptions): Promise<Client>;
  /**
   * Removes it with its messages, templates and keys, for ever. Its name has to be given, so that a wrong id removes nothing.
   *
   * @throws MailError `client_in_use` while it has mail under way
   */
  delete(id: string, name: string, options?: CallOptions): Promise<RemovedClient>;
};

/** @internal */
export function createClients(api: ApiOf): ClientsResource {
  return {
    create: (client, options) => dataOf(api(options, { isCreating: true }).v1.clients.post(client)),
    list: (query = {}, options) => listFrom(query, (page) => api(options).v1.clients.get({ query: page })),
    get: (id, options) => dataOf(api(options).v1.clients({ id }).get()),
    update: (id, changes, options) => dataOf(api(options).v1.clients({ id }).patch(changes)),
    suspend: (id, options) => dataOf(api(options, { isRepeatable: true }).v1.clients({ id }).suspend.post()),
    activate: (id, options) => dataOf(api(options).v1.clients({ id }).patch({ status: 'active' })),
    delete: (id, name, options) =>
      dataOf(
        api(options)
          .v1.clients({ id })
          .delete(undefined, { query: { confirm: name } }),
      ),
  };
}
