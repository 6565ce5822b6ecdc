import type { NewRecipient } from '../../lib/db/messages.ts';
import { type Address, formatAddress, parseAddress } from '../../lib/mail/address.ts';
import { checkCustomHeaders, checkHeaderText } from '../../lib/mail/header-text.ts';
import { ApiError, type ProblemDetail } from '../problems/problem.ts';
import type { SendMessageRequest } from '../schemas.ts';

const MAX_RECIPIENTS = 50;

/** Everything about a message's envelope and headers, parsed: nothing else ever reaches a mail header. */
export type ParsedEnvelope = {
  from: Address;
  recipients: NewRecipient[];
  replyTo: string[];
  headers: Record<string, string>;
};

type AddressField = 'to' | 'cc' | 'bcc' | 'replyTo';

/**
 * Parses every address and header of a request, and names every wrong one at once.
 *
 * @throws ApiError `invalid_request`
 */
export function parseEnvelope(body: SendMessageRequest, defaultFrom: string): ParsedEnvelope {
  const errors: ProblemDetail[] = [];
  const from = parseAddress(body.from ?? defaultFrom);
  if (!from.ok) errors.push({ path: '/from', message: from.reason });
  const read = (field: AddressField) => parseList(body[field], field, errors);
  const recipients = (['to', 'cc', 'bcc'] as const).flatMap((kind) =>
    read(kind).map(({ email, name }) => ({ kind, email, name })),
  );
  const replyTo = read('replyTo').map(formatAddress);
  errors.push(...findRepeated(recipients));
  if (recipients.length > MAX_RECIPIENTS) {
    errors.push({ path: '/to', message: `to, cc and bcc together may name ${MAX_RECIPIENTS} addresses` });
  }
  const headers = body.headers ?? {};
  errors.push(...checkHeaders(body.subject, headers));
  if (errors.length > 0 || !from.ok) {
    throw new ApiError('invalid_request', 'An address or header is not acceptable.', { errors });
  }
  return { from: from.address, recipients, replyTo, headers };
}

function parseList(
  value: SendMessageRequest[AddressField],
  field: AddressField,
  errors: ProblemDetail[],
): Address[] {
  const texts = typeof value === 'string' ? [value] : (value ?? []);
  return texts.flatMap((text, index) => {
    const parsed = parseAddress(text);
    if (parsed.ok) return [parsed.address];
    errors.push({ path: Array.isArray(value) ? `/${field}/${index}` : `/${field}`, message: parsed.reason });
    return [];
  });
}

/** One mail an address: a second one would make its fate ambiguous. */
function findRepeated(recipients: readonly NewRecipient[]): ProblemDetail[] {
  const seen = new Set<string>();
  return recipients.flatMap(({ kind, email }) => {
    const key = email.toLowerCase();
    if (seen.has(key)) return [{ path: `/${kind}`, message: `${email} is named twice` }];
    seen.add(key);
    return [];
  });
}

function checkHeaders(subject: string | undefined, headers: Record<string, string>): ProblemDetail[] {
  const subjectProblem = subject === undefined ? null : checkHeaderText(subject);
  return [
    ...(subjectProblem === null ? [] : [{ path: '/subject', message: subjectProblem }]),
    ...checkCustomHeaders(headers).map(({ name, reason }) => ({ path: `/headers/${name}`, message: reason })),
  ];
}
