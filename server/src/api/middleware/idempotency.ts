import { isConnectionError, isLockTimeout } from '../../lib/db/connection-error.ts';
import type { Database, Db } from '../../lib/db/database.ts';
import { answerClaim, claimKey, findPriorClaims } from '../../lib/db/idempotency.ts';
import { type Claim, claimName, type PriorClaim } from '../../lib/idempotency/claim.ts';
import { hashRequest } from '../../lib/idempotency/request-hash.ts';
import { ApiError, PROBLEMS, type ProblemCode, toProblem } from '../problems/problem.ts';
import type { Identity } from './authenticate.ts';
import { contextOf } from './request-context.ts';

/**
 * The routes that take an `Idempotency-Key`. Those that show a secret are not among them, so that no secret is kept with an
 * answer. A route is added here, and does its work in {@link IdempotencyGuard.run}.
 */
const ROUTES = [
  /^\/v1\/messages$/,
  /^\/v1\/messages\/batch$/,
  /^\/v1\/clients$/,
  /^\/v1\/templates\/[^/]+\/rollback$/,
];

const KEY = /^[\x20-\x7E]{1,255}$/;

/** Owns the keys that admins use; no client has this id. */
const ADMIN_OWNER = '00000000-0000-0000-0000-000000000000';

/** Whatever is wrong with the request itself stays wrong; everything else may be different the next time. */
const UNCHANGING: ReadonlySet<ProblemCode> = new Set(['invalid_request']);

/** Thrown to answer as an earlier request with the same key was answered. */
export class ReplayedAnswer extends Error {
  constructor(
    readonly status: number,
    readonly response: string,
  ) {
    super('answered before');
    this.name = 'ReplayedAnswer';
  }
}

export type IdempotencyGuard = {
  /**
   * Notes a request's key, where it has one and its route takes one.
   *
   * @throws ApiError `invalid_request` for a key that is none
   */
  note(request: Request, identity: Identity, body: unknown): void;
  /**
   * Does `work` once for each key: what it writes to the database it is given and the answer are kept in one transaction. Without a
   * key it is just done.
   *
   * @throws ReplayedAnswer where it was done before; ApiError `idempotency_key_reused` or `idempotency_in_progress`
   */
  run<T>(request: Request, status: number, work: (database: Database) => Promise<T>): Promise<T>;
  /** What a failed request is answered with: as before, where its key was used before. Keeps what cannot change. */
  settle(request: Request, problem: ApiError): Promise<ApiError | ReplayedAnswer>;
};

export function createIdempotencyGuard(database: Database): IdempotencyGuard {
  return {
    note(request, identity, body) {
      const key = request.headers.get('idempotency-key');
      if (key === null || request.method !== 'POST') return;
      const path = new URL(request.url).pathname.replace(/\/$/, '');
      if (!ROUTES.some((route) => route.test(path))) return;
      if (!KEY.test(key)) throw badKey();
      const owner = identity.kind === 'client' ? identity : null;
      contextOf(request).claim = {
        ownerId: owner?.client.id ?? ADMIN_OWNER,
        mode: owner?.mode ?? 'live',
        method: 'POST',
        path,
        key,
        requestHash: hashRequest(body),
      };
    },
    async run(request, status, work) {
      const { claim } = contextOf(request);
      if (!claim) return work(database);
      return runOnce({ database, claim, status, work });
    },
    async settle(request, problem) {
      const { claim, requestId } = contextOf(request);
      if (!claim) return problem;
      try {
        const prior = (await findPriorClaims(database.db, [claim])).get(claimName(claim));
        if (prior) return toOutcome(prior);
        if (UNCHANGING.has(problem.code)) {
          const { status } = PROBLEMS[problem.code];
          await claimKey(database.db, claim, {
            status,
            response: JSON.stringify(toProblem(problem, requestId)),
          });
        }
      } catch (error) {
        // Whoever cannot be asked about the key cannot keep anything either: the problem itself is still true.
        if (!isConnectionError(error)) throw error;
      }
      return problem;
    },
  };
}

type Once<T> = {
  database: Database;
  claim: Claim;
  status: number;
  work: (database: Database) => Promise<T>;
};

async function runOnce<T>({ database, claim, status, work }: Once<T>): Promise<T> {
  return database.transaction(async (tx) => {
    if (!(await claimInTime(tx, claim))) {
      const prior = (await findPriorClaims(tx, [claim])).get(claimName(claim));
      throw toOutcome(prior ?? { kind: 'in_progress' });
    }
    // Work that wants a transaction is in one already.
    const answer = await work({ ...database, db: tx, transaction: (inner) => inner(tx) });
    await answerClaim(tx, claim, { status, response: JSON.stringify(answer) });
    return answer;
  });
}

async function claimInTime(tx: Db, claim: Claim): Promise<boolean> {
  try {
    return await claimKey(tx, claim, null);
  } catch (error) {
    throw isLockTimeout(error) ? toOutcome({ kind: 'in_progress' }) : error;
  }
}

/** How a request is answered whose key is taken. */
export function toOutcome(prior: PriorClaim): ApiError | ReplayedAnswer {
  switch (prior.kind) {
    case 'answered':
      return new ReplayedAnswer(prior.status, prior.response);
    case 'reused':
      return new ApiError(
        'idempotency_key_reused',
        'This Idempotency-Key came with another body before; use a new key for a new request.',
      );
    case 'in_progress':
      return new ApiError('idempotency_in_progress', 'The first request with this key is not answered yet.', {
        headers: { 'retry-after': '1' },
      });
  }
}

function badKey(): ApiError {
  return new ApiError('invalid_request', 'The Idempotency-Key is not acceptable.', {
    errors: [{ path: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters' }],
  });
}
