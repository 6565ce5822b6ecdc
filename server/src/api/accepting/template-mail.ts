import type { StringMap } from '../../db/schema.ts';
import { domainOf, formatAddress, parseAddress } from '../../lib/mail/address.ts';
import { checkCustomHeaders } from '../../lib/mail/header-text.ts';
import type { Identity } from '../middleware/authenticate.ts';
import { ApiError } from '../problems/problem.ts';
import { assertSenderAllowed } from './sender.ts';

export type TemplateMail = { from: string | null; headers: StringMap };

/**
 * Checks what a template says of its mail by `export const from` and `headers`, and returns both as they are kept. Whether
 * a client may use a shared template's sender is seen when it sends.
 *
 * @throws ApiError `template_invalid` or `from_not_allowed`
 */
export function toTemplateMail(mail: TemplateMail, identity: Identity): TemplateMail {
  const { headers } = mail;
  const errors = checkCustomHeaders(headers).map(({ name, reason }) => ({
    path: `headers.${name}`,
    message: reason,
  }));
  const from = mail.from === null ? null : parseAddress(mail.from);
  if (from?.ok === false) errors.push({ path: 'from', message: from.reason });
  if (errors.length > 0)
    throw new ApiError('template_invalid', 'What the template exports cannot be in a mail.', { errors });
  if (!from?.ok) return { from: null, headers };
  if (identity.kind === 'client') assertSenderAllowed(domainOf(from.address), identity.client);
  return { from: formatAddress(from.address), headers };
}

/** A message's headers and, below them, those of its template; names are the same in either case. */
export function mergeHeaders(template: StringMap, message: StringMap): StringMap {
  const given = new Set(Object.keys(message).map((name) => name.toLowerCase()));
  const rest = Object.entries(template).filter(([name]) => !given.has(name.toLowerCase()));
  return { ...Object.fromEntries(rest), ...message };
}
