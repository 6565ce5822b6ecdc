import type { KeyMode } from '../auth/api-key.ts';

/** What makes two requests the same attempt at the same thing. */
export type ClaimIdentity = {
  /** The client's id; the nil UUID for an admin key. */
  ownerId: string;
  mode: KeyMode;
  method: string;
  path: string;
  /** As the caller sent it. */
  key: string;
};

/** A request that must be carried out once, with the hash of its body. */
export type Claim = ClaimIdentity & { requestHash: string };

/** What was answered the first time. */
export type StoredAnswer = { status: number; response: string };

/** What is known of a claim that somebody else has made. */
export type PriorClaim =
  | ({ kind: 'answered' } & StoredAnswer)
  /** The same key came with another body. */
  | { kind: 'reused' }
  | { kind: 'in_progress' };

/** One text for each identity; parts are encoded, so that no two identities share one. */
export function claimName({ ownerId, mode, method, path, key }: ClaimIdentity): string {
  return JSON.stringify([ownerId, mode, method, path, key]);
}
