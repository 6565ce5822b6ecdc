import type { Scope } from '../lib/auth/api-key.ts';
import type { MessageOwner } from '../lib/db/messages.ts';
import type { Actor } from '../lib/db/resolutions.ts';
import { assertScope, type Identity } from './middleware/authenticate.ts';

/**
 * Whose messages a key may look at or act on: a client's its own, in the key's mode; an admin's everybody's (null).
 *
 * @throws ApiError `scope_missing`
 */
export function toOwner(identity: Identity, clientScope: Scope): MessageOwner | null {
  assertScope(identity, clientScope, 'admin');
  return identity.kind === 'client' ? { clientId: identity.client.id, mode: identity.mode } : null;
}

/**
 * {@link toOwner}, with words for the timeline that say which key it was.
 *
 * @throws ApiError `scope_missing`
 */
export function toActor(identity: Identity): Actor {
  const owner = toOwner(identity, 'send');
  const kind = identity.kind === 'client' ? 'key' : 'admin key';
  return { owner, by: `by ${kind} ${identity.keyPrefix}` };
}
