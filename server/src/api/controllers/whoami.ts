import { Elysia } from 'elysia';
import { SERVICE_VERSION } from '../../lib/version.ts';
import type { Authenticator } from '../middleware/authenticate.ts';

/** `GET /v1/whoami`: whose key this is and what it may do, and the release that answers, which is told to no stranger; any key may ask. */
export function whoamiController({ authenticator }: { authenticator: Authenticator }) {
  return new Elysia({ prefix: '/v1/whoami', normalize: false }).get('/', async ({ request }) => {
    const identity = await authenticator.identify(request);
    const { kind, scopes, keyPrefix } = identity;
    const serviceVersion = SERVICE_VERSION;
    if (identity.kind === 'admin')
      return { kind, scopes, keyPrefix, mode: null, client: null, serviceVersion };
    const { id, name, fromDomains, rateLimit, quotaLimit } = identity.client;
    const client = { id, name, fromDomains, rateLimit, quotaLimit };
    return { kind, scopes, keyPrefix, mode: identity.mode, client, serviceVersion };
  });
}
