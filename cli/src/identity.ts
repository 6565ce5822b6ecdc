import type { Identity } from '@org/mail-sdk';
import type { Connection } from './connection.ts';

/**
 * Asks the service whose key this is, and what it may do.
 *
 * @throws MailError
 */
export async function identify(connection: Connection): Promise<Identity> {
  const { createMailer } = await import('@org/mail-sdk');
  const mailer = createMailer({ ...connection, retry: { maxAttempts: 2, maxTotalMs: 10_000 } });
  return mailer.whoami();
}
