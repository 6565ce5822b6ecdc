import { type ApiOf, dataOf } from '../api-client.ts';
import type { CallOptions, CreateOptions } from '../options.ts';
import type { Client, ClientInput, KeyInput, NewKey } from '../types.ts';

/** The applications that send. For admin keys. */
export type ClientsResource = {
  /** @throws MailError `name_taken` */
  create(client: ClientInput, options?: CreateOptions): Promise<Client>;
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
  };
}

/** @internal */
export function createKeys(api: ApiOf): KeysResource {
  return {
    create: (id, key, options) => dataOf(api(options).v1.clients({ id }).keys.post(key)),
  };
}
