import { type Static, t } from 'elysia';
import type { DeadLetterFilter } from '../../lib/db/dead-letters.ts';
import { parseIsoTime } from '../accepting/iso-time.ts';
import { IsoTime, PageQuery, ProviderName } from '../schemas.ts';

const FILTER = {
  clientId: t.Optional(
    t.String({
      pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
      description: 'must be the id of a client',
    }),
  ),
  template: t.Optional(
    t.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$', description: 'must be the name of a template' }),
  ),
  provider: t.Optional(ProviderName),
  reason: t.Optional(
    t.String({
      pattern: '^[^\\u0000-\\u001F]{1,200}$',
      description: 'must be words of the reason, at most 200 characters',
    }),
  ),
  since: t.Optional(IsoTime),
  until: t.Optional(IsoTime),
};

/** Query of `GET /v1/dead-letters`. */
export const ListDeadLettersQuery = t.Object({ ...PageQuery, ...FILTER }, { additionalProperties: false });

/** Body of `POST /v1/dead-letters/retry` and `/discard`; an empty object means every letter. */
export const DeadLetterFilterBody = t.Object(FILTER, { additionalProperties: false });

/** @throws ApiError `invalid_request` for a time that does not exist */
export function toDeadLetterFilter({
  clientId,
  template,
  provider,
  reason,
  since,
  until,
}: Static<typeof DeadLetterFilterBody>): DeadLetterFilter {
  return {
    ...(clientId === undefined ? {} : { clientId }),
    ...(template === undefined ? {} : { template }),
    ...(provider === undefined ? {} : { provider }),
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since: parseIsoTime(since, '/since') }),
    ...(until === undefined ? {} : { until: parseIsoTime(until, '/until') }),
  };
}
