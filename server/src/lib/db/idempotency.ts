import {
  type Claim,
  type ClaimIdentity,
  claimName,
  type PriorClaim,
  type StoredAnswer,
} from '../idempotency/claim.ts';
import type { Db } from './database.ts';
import { type Row, runStatement } from './statement.ts';

/** How long an answer is replayed. */
const KEEP = "interval '24 hours'";

const IDENTITY = 'owner_id, mode, method, path, key';
const INPUT = `json_to_recordset($1::json) as c("ownerId" uuid, mode key_mode, method text, path text, key text)`;

/**
 * Claims keys with the answers they will be given. The rows go in one order everywhere, so that two processes which
 * claim the same keys wait for each other instead of locking each other out.
 */
export const CLAIM_KEYS = `
  insert into idempotency_keys as k (${IDENTITY}, request_hash, status, response, expires_at)
  select "ownerId", mode, method, path, key, "requestHash", status, response, now() + ${KEEP}
  from claims order by "ownerId", mode, method, path, key
  on conflict (${IDENTITY}) do update set
    request_hash = excluded.request_hash, status = excluded.status, response = excluded.response,
    locked_until = null, expires_at = excluded.expires_at, created_at = now()
  where k.expires_at <= now()
  returning k.owner_id, k.mode, k.method, k.path, k.key`;

/** The rows that {@link CLAIM_KEYS} reads; `parameter` is a JSON list of claims with answers. */
export function claimsFrom(parameter: string): string {
  return `select * from json_to_recordset(${parameter}::json) as c(unit int, "ownerId" uuid, mode key_mode, method text,
    path text, key text, "requestHash" text, status int, response text)`;
}

const CLAIM_ONE = `with claims as (${claimsFrom('$1')}), claimed as (${CLAIM_KEYS}) select 1 as one from claimed`;

/**
 * Claims a key, waiting for whoever is claiming it at this moment; false where it is taken. Without an answer the
 * transaction must give it one before it commits ({@link answerClaim}).
 */
export async function claimKey(db: Db, claim: Claim, answer: StoredAnswer | null): Promise<boolean> {
  const row = { ...claim, status: answer?.status, response: answer?.response };
  return (await runStatement(db, CLAIM_ONE, [JSON.stringify([row])])).length > 0;
}

const ANSWER = `
  update idempotency_keys set status = $6, response = $7
  where owner_id = $1 and mode = $2 and method = $3 and path = $4 and key = $5`;

/** Writes what a claimed key was answered with. */
export async function answerClaim(db: Db, claim: ClaimIdentity, answer: StoredAnswer): Promise<void> {
  const { ownerId, mode, method, path, key } = claim;
  await runStatement(db, ANSWER, [ownerId, mode, method, path, key, answer.status, answer.response]);
}

const FIND = `
  select k.owner_id, k.mode, k.method, k.path, k.key, k.request_hash, k.status, k.response
  from ${INPUT}
  join idempotency_keys k on (k.owner_id, k.mode, k.method, k.path, k.key) = (c."ownerId", c.mode, c.method, c.path, c.key)
  where k.expires_at > now()`;

/** What earlier requests left under these keys, by {@link claimName}. */
export async function findPriorClaims(db: Db, claims: readonly Claim[]): Promise<Map<string, PriorClaim>> {
  if (claims.length === 0) return new Map();
  const rows = await runStatement(db, FIND, [JSON.stringify(claims)]);
  const found = new Map(rows.map((row) => [nameOf(row), row]));
  return new Map(
    claims.flatMap((claim) => {
      const row = found.get(claimName(claim));
      return row ? [[claimName(claim), toPrior(claim, row)] as const] : [];
    }),
  );
}

function nameOf(row: Row): string {
  return JSON.stringify([row.owner_id, row.mode, row.method, row.path, row.key]);
}

function toPrior(claim: Claim, { request_hash, status, response }: Row): PriorClaim {
  if (request_hash !== claim.requestHash) return { kind: 'reused' };
  if (typeof status !== 'number' || typeof response !== 'string') return { kind: 'in_progress' };
  return { kind: 'answered', status, response };
}

const PRUNE = `
  delete from idempotency_keys where (${IDENTITY}) in (
    select ${IDENTITY} from idempotency_keys where expires_at <= now() order by expires_at limit $1 for update skip locked
  ) returning 1 as one`;

/** Removes keys whose time is over, oldest first, at most `limit`; returns how many there were. */
export async function pruneIdempotencyKeys(db: Db, limit = 1000): Promise<number> {
  return (await runStatement(db, PRUNE, [limit])).length;
}
