import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSecretOf, parseApiKey } from '../lib/auth/api-key.ts';
import { findApiKeyByPrefix, hasAdminKey } from '../lib/db/api-keys.ts';
import { findClientByName, insertClient } from '../lib/db/clients.ts';
import type { Db } from '../lib/db/database.ts';
import { storeNewKey } from '../lib/db/new-key.ts';

/** The keys of the DEV role, kept beside its database for the person at this machine. */
export type DevCredentials = { apiKey: string; adminApiKey: string | null };

export type DevKeys = DevCredentials & { isFirstRun: boolean };

const CLIENT_NAME = 'dev';
const FILE_NAME = 'credentials.json';
const OWNER_ONLY = 0o600;

/** Where the keys are kept. */
export function credentialsPath(mailerDir: string): string {
  return join(mailerDir, FILE_NAME);
}

/** The kept keys, or null where there are none. */
export function readDevCredentials(mailerDir: string): DevCredentials | null {
  try {
    const content: unknown = JSON.parse(readFileSync(credentialsPath(mailerDir), 'utf8'));
    return isCredentials(content) ? content : null;
  } catch {
    return null;
  }
}

/**
 * The keys of earlier runs where the database still knows them; otherwise makes the client `dev` and its key, and
 * an admin key unless there is one.
 */
export async function ensureDevKeys(
  db: Db,
  { mailerDir, hasConfiguredAdmin }: { mailerDir: string; hasConfiguredAdmin: boolean },
): Promise<DevKeys> {
  const kept = readDevCredentials(mailerDir);
  if (kept && (await isKnown(db, kept.apiKey))) return { ...kept, isFirstRun: false };
  const apiKey = await createClientKey(db);
  const adminApiKey =
    hasConfiguredAdmin || (await hasAdminKey(db)) ? (kept?.adminApiKey ?? null) : await createAdminKey(db);
  const path = credentialsPath(mailerDir);
  writeFileSync(path, `${JSON.stringify({ apiKey, adminApiKey }, null, 2)}\n`, { mode: OWNER_ONLY });
  // The mode above counts for a new file only.
  chmodSync(path, OWNER_ONLY);
  return { apiKey, adminApiKey, isFirstRun: true };
}

async function isKnown(db: Db, apiKey: string): Promise<boolean> {
  const parsed = parseApiKey(apiKey);
  const found = parsed && (await findApiKeyByPrefix(db, parsed.prefix));
  return found ? found.key.revokedAt === null && isSecretOf(found.key.secretHash, parsed.secret) : false;
}

async function createClientKey(db: Db): Promise<string> {
  const client =
    (await findClientByName(db, CLIENT_NAME)) ??
    (await insertClient(db, { id: Bun.randomUUIDv7(), name: CLIENT_NAME, fromDomains: null }));
  if (!client) throw new Error(`the client "${CLIENT_NAME}" could not be created`);
  return storeNewKey(db, { clientId: client.id, name: 'dev', scopes: ['send', 'read', 'templates'] });
}

async function createAdminKey(db: Db): Promise<string> {
  return storeNewKey(db, { clientId: null, name: 'bootstrap', scopes: ['admin'] });
}

function isCredentials(value: unknown): value is DevCredentials {
  return (
    typeof value === 'object' &&
    value !== null &&
    'apiKey' in value &&
    typeof value.apiKey === 'string' &&
    'adminApiKey' in value &&
    (value.adminApiKey === null || typeof value.adminApiKey === 'string')
  );
}
