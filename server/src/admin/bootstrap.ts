import { hasAdminKey } from '../lib/db/api-keys.ts';
import { storeNewKey } from '../lib/db/new-key.ts';
import { withDatabase } from './database.ts';

/** The first admin key, which nobody can read again; null where there is one already. */
export function bootstrapAdminKey(): Promise<string | null> {
  return withDatabase(async ({ db }) => {
    if (await hasAdminKey(db)) return null;
    return storeNewKey(db, { clientId: null, name: 'bootstrap', scopes: ['admin'] });
  });
}
