import { t } from 'elysia';
import { ListMessagesQuery } from '../schemas.ts';

const { status, recipient, template, provider, traceId, since } = ListMessagesQuery.properties;

/** Query of `GET /v1/messages/stream`; besides these, `tag.<name>` may be asked for. */
export const StreamQuery = t.Object(
  { status, recipient, template, provider, traceId, since },
  { additionalProperties: t.String({ maxLength: 2048 }) },
);
