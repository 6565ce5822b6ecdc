import { type ApiOf, dataOf } from '../api-client.ts';
import type { CallOptions } from '../options.ts';
import type { ErasedRecipient } from '../types.ts';

/** The people that a client writes to. */
export type RecipientsResource = {
  /**
   * Forgets an address: what was sent to it loses the address and all content, and keeps ids, statuses and times. What is still on
   * the way is left and counted as `pending`.
   *
   * @throws MailError `live_key_required`
   */
  erase(email: string, options?: CallOptions): Promise<ErasedRecipient>;
};

/** @internal */
export function createRecipients(api: ApiOf): RecipientsResource {
  return { erase: (email, options) => dataOf(api(options).v1.recipients({ email }).delete()) };
}
