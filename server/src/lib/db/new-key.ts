import { createApiKey } from '../auth/api-key.ts';
import { insertApiKey, type NewApiKeyRow } from './api-keys.ts';
import type { Db } from './database.ts';

type KeyFacts = Pick<NewApiKeyRow, 'clientId' | 'name' | 'scopes'>;

/** Makes a live key and stores its hash; the returned text is all there will ever be of its secret. */
export async function storeNewKey(db: Db, facts: KeyFacts): Promise<string> {
  const { text, mode, prefix, secretHash } = createApiKey('live');
  await insertApiKey(db, { id: Bun.randomUUIDv7(), mode, prefix, secretHash, ...facts });
  return text;
}
