import { Elysia } from 'elysia';
import type { Authenticator } from '../middleware/authenticate.ts';

/** `GET /v1/whoami`: whose key this is and what it may do; any key may ask. */
export function whoamiController({ authenticator }: { authenticator: Authenticator }) {
  return new Elysia({ prefix: '/v1/whoami', normalize: false }).get('/', async ({ request }) => {
    const identity = await authenticator.identify(request);
    const { kind, scopes, keyPrefix } = identity;
    if (identity.kind === 'admin') return { kind, scopes, keyPrefix, mode: null, client: null };
    const { id, name, fromDomains, rateLimit, quotaLimit } = identity.client;
    const client = { id, name, fromDomains, rateLimit, quotaLimit };
    return { kind, scopes, keyPrefix, mode: identity.mode, client };
  });
}
