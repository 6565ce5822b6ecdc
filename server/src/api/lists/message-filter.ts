import type { MessageFilter } from '../../lib/db/message-filters.ts';
import { parseAddress } from '../../lib/mail/address.ts';
import { parseIsoTime } from '../accepting/iso-time.ts';
import { ApiError } from '../problems/problem.ts';
import type { ListMessagesQuery } from '../schemas.ts';
import type { StreamQuery } from '../streams/stream-schema.ts';

const TAG = 'tag.';

const STREAM_FILTERS = 'status, recipient, template, tag.<name>, provider, traceId or since';
const LIST_FILTERS = STREAM_FILTERS.replace(' or since', ', since, until, limit or cursor');

/** Each is asked of every message that a page looks at. */
const MAX_TAGS = 10;

/**
 * What a list of messages is narrowed to, from a query whose shape the schema has checked.
 *
 * @throws ApiError `invalid_request` naming the parameter
 */
export function parseMessageFilter({
  limit: _limit,
  cursor: _cursor,
  ...query
}: typeof ListMessagesQuery.static): MessageFilter {
  return parseFilter(query, LIST_FILTERS);
}

/**
 * As {@link parseMessageFilter}, for a stream: without what only a list has.
 *
 * @throws ApiError `invalid_request` naming the parameter
 */
export function parseStreamFilter(query: typeof StreamQuery.static): MessageFilter {
  const unknown = ['until', 'limit', 'cursor'].find((name) => name in query);
  if (unknown !== undefined) throw refused(unknown, `must be ${STREAM_FILTERS}`);
  return parseFilter(query, STREAM_FILTERS);
}

type FilterQuery = Omit<typeof ListMessagesQuery.static, 'limit' | 'cursor'>;

function parseFilter(query: FilterQuery, filters: string): MessageFilter {
  const { status, recipient, template, provider, traceId, since, until, ...rest } = query;
  const tags = parseTags(rest, filters);
  return {
    ...(status === undefined ? {} : { status }),
    ...(recipient === undefined ? {} : { recipient: parseRecipient(recipient) }),
    ...(template === undefined ? {} : parseTemplate(template)),
    ...(tags.length === 0 ? {} : { tags }),
    ...(provider === undefined ? {} : { provider }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(since === undefined ? {} : { since: parseIsoTime(since, '/since') }),
    ...(until === undefined ? {} : { until: parseIsoTime(until, '/until') }),
  };
}

function parseTemplate(text: string): Pick<MessageFilter, 'template' | 'templateVersion'> {
  const [template = text, version] = text.split('@');
  return { template, ...(version === undefined ? {} : { templateVersion: parseVersion(version) }) };
}

const MAX_INTEGER = 2_147_483_647;

function parseVersion(text: string): number {
  return Math.min(Number(text), MAX_INTEGER);
}

function parseTags(rest: Record<string, unknown>, filters: string): (readonly [string, string])[] {
  const tags = Object.entries(rest).map(([name, value]) => parseTag(name, value, filters));
  if (tags.length <= MAX_TAGS) return tags;
  throw refused(`${TAG}${tags[MAX_TAGS]?.[0]}`, `there can be ${MAX_TAGS} tags at most`);
}

function parseTag(name: string, value: unknown, filters: string): readonly [string, string] {
  if (!name.startsWith(TAG) || name.length === TAG.length || typeof value !== 'string')
    throw refused(name, `must be ${filters}`);
  if (!isStorable(name) || !isStorable(value)) throw refused(name, 'must be text without NUL');
  return [name.slice(TAG.length), value];
}

/** No message can have another one, and the database refuses to look for it. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function refused(name: string, message: string): ApiError {
  return new ApiError('invalid_request', 'Messages cannot be chosen by that.', {
    errors: [{ path: `/${name}`, message }],
  });
}

/** In the form it was stored in: without a name, the domain in lower case. */
function parseRecipient(text: string): string {
  const parsed = parseAddress(text);
  if (parsed.ok) return parsed.address.email;
  throw new ApiError('invalid_request', 'The recipient to look for is no address.', {
    errors: [{ path: '/recipient', message: parsed.reason }],
  });
}
