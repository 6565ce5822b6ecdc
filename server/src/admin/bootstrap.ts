import { countGoodAdminKeys } from '../lib/db/api-keys.ts';
import { storeNewKey } from '../lib/db/new-key.ts';
import { withDatabase } from './database.ts';

/** An admin key, which nobody can read again; null where there is one already that is still good. */
export function bootstrapAdminKey(): Promise<string | null> {
  return withDatabase(async ({ db }) => {
    if ((await countGoodAdminKeys(db, new Date())) > 0) return null;
    return storeNewKey(db, { clientId: null, name: 'bootstrap', scopes: ['admin'] });
  });
}
