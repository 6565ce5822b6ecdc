import { createApiKey, type KeyMode, type Scope } from '../auth/api-key.ts';
import {
  type ApiKey,
  describeKey,
  insertApiKey,
  type KeyName,
  type KeyOwner,
  limitApiKey,
} from './api-keys.ts';
import type { Database, Db } from './database.ts';

type WantedKey = {
  /** Null for an admin key. */
  clientId: KeyOwner;
  name: string;
  mode: KeyMode;
  scopes: readonly Scope[];
  expiresAt: Date | null;
};

type KeyFacts = ReturnType<typeof describeKey>;

/** A key as it is shown this once: only a hash of its secret is kept. */
export type ShownKey = KeyFacts & { key: string };

/** Such a key in the place of another, which is as it was left. */
export type RotatedKey = ShownKey & { replaces: KeyFacts };

/** Makes a key and stores its hash; the answer holds all there will ever be of its secret. */
export async function makeKey(db: Db, wanted: WantedKey): Promise<ShownKey> {
  const { text, prefix, secretHash } = createApiKey(wanted.mode);
  const row = await insertApiKey(db, {
    ...wanted,
    id: Bun.randomUUIDv7(),
    prefix,
    secretHash,
    scopes: [...wanted.scopes],
  });
  return { ...describeKey(row), key: text };
}

/** Makes a live key that does not end by itself, and returns its text alone. */
export async function storeNewKey(
  db: Db,
  facts: Pick<WantedKey, 'clientId' | 'name' | 'scopes'>,
): Promise<string> {
  return (await makeKey(db, { ...facts, mode: 'live', expiresAt: null })).key;
}

/** Makes a key like another, which ends at `until` unless it ends sooner; null where there is none that is still good. */
export function rotateKey(
  database: Database,
  old: KeyName,
  { at, until, expiresAt }: { at: Date; until: Date; expiresAt: Date | null },
): Promise<RotatedKey | null> {
  return database.transaction(async (tx) => {
    const limited = await limitApiKey(tx, old, { until, now: at });
    return (
      limited && { ...(await makeKey(tx, toSuccessor(limited, expiresAt))), replaces: describeKey(limited) }
    );
  });
}

function toSuccessor({ clientId, name, mode, scopes }: ApiKey, expiresAt: Date | null): WantedKey {
  return { clientId, name, mode, scopes, expiresAt };
}
