import { type ApiOf, dataOf } from '../api-client.ts';
import type { CallOptions, CreateOptions } from '../options.ts';
import type { Client, ClientChanges, ClientInput, KeyInput, NewKey } from '../types.ts';

/** The applications that send. For admin keys. */
export type ClientsResource = {
  /** @throws MailError `name_taken` */
  create(client: ClientInput, options?: CreateOptions): Promise<Client>;
  /** What is left out stays; null takes a limit away. */
  update(id: string, changes: ClientChanges, options?: CallOptions): Promise<Client>;
};

/** The keys of clients. For admin keys. */
export type KeysResource = {
  /** The key's text is in this answer and never again, so it is not asked for twice where the answer is lost. */
  create(clientId: string, key: KeyInput, options?: CallOptions): Promise<NewKey>;
};

/** @internal */
export function createClients(api: ApiOf): ClientsResource {
  return {
    create: (client, options) => dataOf(api(options, { isCreating: true }).v1.clients.post(client)),
    update: (id, changes, options) => dataOf(api(options).v1.clients({ id }).patch(changes)),
  };
}

/** @internal */
export function createKeys(api: ApiOf): KeysResource {
  return {
    create: (id, key, options) => dataOf(api(options).v1.clients({ id }).keys.post(key)),
  };
}
