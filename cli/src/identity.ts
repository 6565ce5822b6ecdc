import type { Connection } from './connection.ts';
import { toRecord } from './record.ts';

/** Who a key is, as far as the service says so. */
export type Identity = Record<string, unknown>;

/**
 * Asks the service about a key. Services that do not tell yet are asked for something that needs one, so that a wrong key is
 * found in any case.
 *
 * @throws MailError
 */
export async function identify(connection: Connection): Promise<Identity> {
  const { createMailer } = await import('@org/mail-sdk');
  const mailer = createMailer({ ...connection, retry: { maxAttempts: 2, maxTotalMs: 10_000 } });
  const { data, error } = await mailer.safe.request('GET', '/v1/whoami');
  if (error === null) return toRecord(data);
  if (error.status !== 404) throw error;
  const { error: refused } = await mailer.safe.request('GET', '/v1/templates', { query: { limit: 1 } });
  // A key that may only send is a key all the same.
  if (refused !== null && refused.status !== 403) throw refused;
  return {};
}
