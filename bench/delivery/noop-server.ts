/** The API's own way in - framework, body reader, schema - in front of a handler that does nothing: what accepting cannot be faster than. */
import { Elysia } from 'elysia';
import { readJsonBody } from '../../server/src/api/middleware/json-body.ts';
import { SendMessageBody } from '../../server/src/api/schemas.ts';

const MAX_BODY_BYTES = 2 * 1024 * 1024;

const app = new Elysia({ normalize: false })
  .onParse({ as: 'global' }, ({ request }) => readJsonBody(request, { maxBytes: MAX_BODY_BYTES }))
  .post(
    '/v1/messages',
    ({ status }) =>
      status(202, {
        messageId: Bun.randomUUIDv7(),
        status: 'queued',
        createdAt: new Date().toISOString(),
      }),
    { body: SendMessageBody },
  );
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: (request) => app.fetch(request) });
console.log(JSON.stringify({ msg: 'started', url: `http://127.0.0.1:${server.port}` }));
