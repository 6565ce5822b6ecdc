import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOver, isSecretOf, parseApiKey, type Scope } from '../lib/auth/api-key.ts';
import { findApiKeyByPrefix } from '../lib/db/api-keys.ts';
import { findClientByName, insertClient } from '../lib/db/clients.ts';
import type { Db } from '../lib/db/database.ts';
import { storeNewKey } from '../lib/db/new-key.ts';

/**
 * The keys of the DEV role, kept beside its database for the person at this machine. `pagesKey` is the browser's: it can be revoked without
 * the others, and does no more than its pages do. A file of an earlier release has none.
 */
export type DevCredentials = { apiKey: string; adminApiKey: string | null; pagesKey?: string };

export type DevKeys = Required<DevCredentials> & { isFirstRun: boolean };

type NewClientKey = { name: string; scopes: Scope[] };

const CLIENT_NAME = 'dev';
const DEV_KEY: NewClientKey = { name: 'dev', scopes: ['send', 'read', 'templates'] };
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
 * The keys of earlier runs as far as the database still knows them, and new ones for the rest: whoever has this folder
 * is the operator of what is in it.
 */
export async function ensureDevKeys(
  db: Db,
  { mailerDir, hasConfiguredAdmin }: { mailerDir: string; hasConfiguredAdmin: boolean },
): Promise<DevKeys> {
  const kept = readDevCredentials(mailerDir);
  const isFirstRun = !kept || !(await isKnown(db, kept.apiKey));
  const apiKey = isFirstRun ? await createClientKey(db, DEV_KEY) : kept.apiKey;
  const adminApiKey = await ensureAdminKey(db, { kept: kept?.adminApiKey ?? null, hasConfiguredAdmin });
  const pagesKey = await ensurePagesKey(db, kept?.pagesKey);
  if (kept?.apiKey !== apiKey || kept.adminApiKey !== adminApiKey || kept.pagesKey !== pagesKey) {
    writeCredentials(mailerDir, { apiKey, adminApiKey, pagesKey });
  }
  return { apiKey, adminApiKey, pagesKey, isFirstRun };
}

async function ensureAdminKey(
  db: Db,
  { kept, hasConfiguredAdmin }: { kept: string | null; hasConfiguredAdmin: boolean },
): Promise<string | null> {
  if (kept !== null && (await isKnown(db, kept))) return kept;
  return hasConfiguredAdmin ? null : createAdminKey(db);
}

async function ensurePagesKey(db: Db, kept: string | undefined): Promise<string> {
  if (kept !== undefined && (await isKnown(db, kept))) return kept;
  return createClientKey(db, { name: 'pages', scopes: ['send', 'read'] });
}

function writeCredentials(mailerDir: string, credentials: DevCredentials): void {
  const path = credentialsPath(mailerDir);
  writeFileSync(path, `${JSON.stringify(credentials, null, 2)}\n`, { mode: OWNER_ONLY });
  // The mode above counts for a new file only.
  chmodSync(path, OWNER_ONLY);
}

async function isKnown(db: Db, apiKey: string): Promise<boolean> {
  const parsed = parseApiKey(apiKey);
  const found = parsed && (await findApiKeyByPrefix(db, parsed.prefix));
  return found ? !isOver(found.key, new Date()) && isSecretOf(found.key.secretHash, parsed.secret) : false;
}

async function createClientKey(db: Db, { name, scopes }: NewClientKey): Promise<string> {
  const client =
    (await findClientByName(db, CLIENT_NAME)) ??
    (await insertClient(db, { id: Bun.randomUUIDv7(), name: CLIENT_NAME, fromDomains: null }));
  if (!client) throw new Error(`the client "${CLIENT_NAME}" could not be created`);
  return storeNewKey(db, { clientId: client.id, name, scopes });
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
    (value.adminApiKey === null || typeof value.adminApiKey === 'string') &&
    (!('pagesKey' in value) || typeof value.pagesKey === 'string')
  );
}
