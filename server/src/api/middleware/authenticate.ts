import {
  hashSecret,
  isOver,
  isSecretOf,
  type KeyMode,
  type ParsedApiKey,
  parseApiKey,
  type Scope,
} from '../../lib/auth/api-key.ts';
import { findApiKeyByPrefix, type KeyOwner, touchApiKey } from '../../lib/db/api-keys.ts';
import type { Client } from '../../lib/db/clients.ts';
import type { Db } from '../../lib/db/database.ts';
import { settlesWithin } from '../../lib/time-limit.ts';
import { overloaded } from '../accepting/overload.ts';
import { ApiError } from '../problems/problem.ts';
import type { FailureThrottle } from './failure-throttle.ts';

/** Who is calling. An admin belongs to no client and sees none of their messages. */
export type Identity =
  | { kind: 'client'; client: Client; mode: KeyMode; scopes: readonly Scope[]; keyPrefix: string }
  | { kind: 'admin'; scopes: readonly Scope[]; keyPrefix: string };

export type ClientIdentity = Extract<Identity, { kind: 'client' }>;

export type IdentifyOptions = {
  /** How old what is remembered of the key may be, where that must be less than usual. */
  maxAgeMs?: number;
};

export type Authenticator = {
  /** @throws ApiError `unauthenticated` or `client_suspended` */
  identify(request: Request, options?: IdentifyOptions): Promise<Identity>;
  /** Forgets what is cached of a client and its keys, or of the admin keys, because one of them was changed. */
  forget(owner: KeyOwner): void;
};

/**
 * How long a good key is believed without asking the database. A revocation is told to every instance at once; one that is
 * not reached knows of it after this time. Only good keys are kept, so that a new or reactivated one works at once.
 */
const CACHE_MS = 1500;
const MAX_CACHED = 10_000;
/** A database that hangs must not keep every caller of the API. */
const LOOK_UP_TIMEOUT_MS = 5000;

/** Last use is for people: once a minute is exact enough, and spares a write a request. */
const TOUCH_INTERVAL_MS = 60_000;

/** Compared with where no key was found, so that an unknown key takes as long as a wrong one. */
const NOBODY = hashSecret('nobody');

export type AuthenticatorOptions = {
  db: Db;
  adminApiKey: string | null;
  now: () => Date;
  throttle: FailureThrottle;
  /** Where a request comes from. */
  addressOf: (request: Request) => string;
};

/** Identifies callers by key; the answer is kept with the request, so that asking again costs nothing. */
export function createAuthenticator({
  db,
  adminApiKey,
  now,
  throttle,
  addressOf,
}: AuthenticatorOptions): Authenticator {
  const configured = adminApiKey === null ? null : parseApiKey(adminApiKey);
  const known = new WeakMap<Request, Promise<Identity>>();
  const cache = createKeyCache(db, now);

  async function identify(request: Request, { maxAgeMs = CACHE_MS }: IdentifyOptions): Promise<Identity> {
    const text = presentedKey(request.headers);
    // Who brings no key is not guessing one.
    if (text === null) throw unauthenticated();
    const address = addressOf(request);
    const refuse = () => {
      throttle.count(address);
      return unauthenticated();
    };
    const presented = parseApiKey(text);
    const isConfigured = presented !== null && presented.prefix === configured?.prefix;
    if (isConfigured && isSecretOf(hashSecret(configured?.secret ?? ''), presented.secret))
      return { kind: 'admin', scopes: ['admin'], keyPrefix: presented.prefix };
    // Somebody else's guesses from the same address do not shut out a key that was good a moment ago.
    if (!presented || !cache.hasSeen(presented)) throttle.assertOpen(address);
    if (!presented || isConfigured) throw refuse();
    const found = await cache.find(presented.prefix, maxAgeMs);
    const isRight = isSecretOf(found?.key.secretHash ?? NOBODY, presented.secret);
    if (!found || !isRight || found.key.mode !== presented.mode || isOver(found.key, now())) throw refuse();
    if (found.client?.status === 'suspended') {
      throw new ApiError('client_suspended', 'This client is suspended; an administrator can reactivate it.');
    }
    if (isTouchDue(found.key.lastUsedAt, now())) {
      // Before the write, so that of many requests at once one writes.
      found.key.lastUsedAt = now();
      await touchApiKey(db, found.key.id, now());
    }
    const { client, key } = found;
    const keyPrefix = key.prefix;
    return client
      ? { kind: 'client', client, mode: key.mode, scopes: key.scopes, keyPrefix }
      : { kind: 'admin', scopes: key.scopes, keyPrefix };
  }

  return {
    identify(request, options = {}) {
      const pending = known.get(request) ?? identify(request, options);
      known.set(request, pending);
      return pending;
    },
    forget: cache.forget,
  };
}

type FoundKey = NonNullable<Awaited<ReturnType<typeof findApiKeyByPrefix>>>;

/** Requests that ask for one key at the same time share one look-up. */
function createKeyCache(db: Db, now: () => Date) {
  const cached = new Map<string, { found: FoundKey; atMs: number }>();
  const asked = new Map<string, Promise<FoundKey | null>>();

  const load = async (prefix: string): Promise<FoundKey | null> => {
    // Before it is asked for: what is found may be older than its answer.
    const atMs = now().getTime();
    try {
      const looking = findApiKeyByPrefix(db, prefix);
      if (!(await settlesWithin(LOOK_UP_TIMEOUT_MS, looking))) throw overloaded('database');
      const found = await looking;
      cached.delete(prefix);
      // Still asked for: otherwise it was forgotten while it was on its way.
      if (found && asked.has(prefix) && isGood(found, now())) {
        if (cached.size >= MAX_CACHED) cached.clear();
        cached.set(prefix, { found, atMs });
      }
      return found;
    } finally {
      asked.delete(prefix);
    }
  };

  return {
    /** True where this very key was good when it was last looked up, however long ago. */
    hasSeen({ prefix, secret }: ParsedApiKey): boolean {
      const entry = cached.get(prefix);
      return entry !== undefined && isSecretOf(entry.found.key.secretHash, secret);
    },
    find(prefix: string, maxAgeMs: number): Promise<FoundKey | null> | FoundKey {
      const entry = cached.get(prefix);
      if (entry && now().getTime() - entry.atMs < maxAgeMs) return entry.found;
      const asking = asked.get(prefix);
      if (asking) return asking;
      const loading = load(prefix);
      asked.set(prefix, loading);
      return loading;
    },
    forget(owner: KeyOwner) {
      for (const [prefix, { found }] of cached) if (found.key.clientId === owner) cached.delete(prefix);
      // Whose keys these are is not known yet.
      asked.clear();
    },
  };
}

function isGood({ key, client }: FoundKey, at: Date): boolean {
  return !isOver(key, at) && client?.status !== 'suspended';
}

function presentedKey(headers: Headers): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '');
  return headers.get('x-api-key') ?? bearer?.[1] ?? null;
}

function isTouchDue(lastUsedAt: Date | null, at: Date): boolean {
  return lastUsedAt === null || at.getTime() - lastUsedAt.getTime() > TOUCH_INTERVAL_MS;
}

/** One answer for a missing, malformed, unknown, wrong, expired or revoked key: it tells a guesser nothing. */
function unauthenticated(): ApiError {
  return new ApiError(
    'unauthenticated',
    'Send a valid key as "X-Api-Key: mk_live_..." or "Authorization: Bearer mk_live_...".',
    {
      headers: { 'www-authenticate': 'Bearer' },
    },
  );
}

/** @throws ApiError `scope_missing` where the identity has none of the scopes */
export function assertScope(identity: Identity, ...anyOf: readonly Scope[]): void {
  if (identity.scopes.some((scope) => anyOf.includes(scope))) return;
  throw new ApiError(
    'scope_missing',
    `This needs a key with the scope ${anyOf.map((scope) => `"${scope}"`).join(' or ')}.`,
  );
}

/** @throws ApiError `client_key_required` for an admin */
export function assertClient(identity: Identity): asserts identity is ClientIdentity {
  if (identity.kind === 'client') return;
  throw new ApiError(
    'client_key_required',
    'An admin key belongs to no client: create a key for a client and use that.',
  );
}
