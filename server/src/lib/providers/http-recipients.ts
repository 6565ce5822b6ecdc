import { type Address, formatAddress } from '../mail/address.ts';
import type { MailParts, RecipientRefusal } from './provider.ts';

export type FieldRecipients = {
  to: string[];
  cc: string[];
  bcc: string[];
  /** Who cannot be part of this request and has to be tried in a later one. */
  postponed: RecipientRefusal[];
};

/**
 * Spreads an envelope over the fields of an API that takes no envelope: whoever is in a field gets the mail. Recipients
 * of the shown fields who are not in the envelope (suppressed, or reached by an earlier attempt) are left out; those of
 * the envelope who are shown nowhere are blind copies.
 *
 * These APIs want a `to`. Where only copies are left, they move up, as they are shown to each other anyway. Where only
 * blind copies are left, they must not see each other: one is written to, the others wait for the next attempt.
 */
export function spreadRecipients(envelopeTo: readonly string[], { to, cc }: MailParts): FieldRecipients {
  const open = new Set(envelopeTo);
  const take = (addresses: readonly Address[]) =>
    addresses.filter(({ email }) => open.delete(email)).map(formatAddress);
  const fields = { to: take(to), cc: take(cc), bcc: [...open], postponed: [] };
  if (fields.to.length > 0) return fields;
  if (fields.cc.length > 0) return { ...fields, to: fields.cc, cc: [] };
  return {
    to: fields.bcc.slice(0, 1),
    cc: [],
    bcc: [],
    postponed: fields.bcc.slice(1).map((address) => ({
      address,
      isPermanent: false,
      response: 'a blind copy on its own: sent one at a time',
    })),
  };
}
