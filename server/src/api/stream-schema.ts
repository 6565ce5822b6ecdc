import { t } from 'elysia';
import { messageStatus } from '../db/schema.ts';
import { IsoTime } from './schemas.ts';

/** Query of `GET /v1/messages/stream`; besides these, `tag.<name>` may be asked for. */
export const StreamQuery = t.Object(
  {
    status: t.Optional(
      t.Union(
        messageStatus.enumValues.map((status) => t.Literal(status)),
        { description: `must be one of ${messageStatus.enumValues.join(', ')}` },
      ),
    ),
    recipient: t.Optional(t.String({ minLength: 3, maxLength: 320 })),
    template: t.Optional(t.String({ minLength: 1, maxLength: 64 })),
    since: t.Optional(IsoTime),
  },
  { additionalProperties: t.String({ maxLength: 2048 }) },
);
