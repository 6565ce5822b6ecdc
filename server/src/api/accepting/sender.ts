import type { Client } from '../../lib/db/clients.ts';
import { ApiError } from '../problems/problem.ts';

/** @throws ApiError `from_not_allowed` where a client's domains do not include this one */
export function assertSenderAllowed(domain: string, { fromDomains }: Pick<Client, 'fromDomains'>): void {
  if (fromDomains === null || fromDomains.includes(domain)) return;
  throw new ApiError(
    'from_not_allowed',
    `This client sends from ${fromDomains.join(', ')}; ${domain} is not among them.`,
  );
}
