import type { BlobStore } from '../../lib/blobs/blob-store.ts';
import { monthOf, nextMonthAfter } from '../../lib/db/client-usage.ts';
import type { NewMessage, WriteResult, WriteUnit } from '../../lib/db/messages-write.ts';
import type { Claim } from '../../lib/idempotency/claim.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { inSpan, type Span } from '../../lib/telemetry/tracer.ts';
import type { Intake } from './intake.ts';
import type { ClientIdentity } from '../middleware/authenticate.ts';
import { toOutcome } from '../middleware/idempotency.ts';
import { type PrepareDeps, type PreparedMessage, prepareMessage } from './prepare-message.ts';
import { ApiError } from '../problems/problem.ts';
import type { SendMessageRequest } from '../schemas.ts';

export type AcceptDeps = PrepareDeps & {
  intake: Intake;
  blobs: BlobStore;
  metrics: Metrics;
  /** What a caller is told of any error; logs what nobody expected. */
  toApiError: (error: unknown, ids: MessageIds) => ApiError;
};

/** What a line of the log says about a message that it belongs to. */
export type MessageIds = { message_id: string; trace_id: string };

/** What is answered for a message that is kept. */
export type AcceptedMessage = {
  messageId: string;
  status: 'queued' | 'scheduled';
  createdAt: string;
};

export type Accepting = {
  body: SendMessageRequest;
  identity: ClientIdentity;
  trace: Span;
  claim: Claim | null;
};

/**
 * Makes a message durable. The row is the promise: where the queue does not take the job, the answer is the same and the reconciler
 * enqueues it later.
 *
 * @throws ApiError for whatever is wrong with the request, nothing is written then; ReplayedAnswer where it was sent before
 */
export async function acceptMessage(
  deps: AcceptDeps,
  { body, identity, trace, claim }: Accepting,
): Promise<AcceptedMessage> {
  const prepared = await inSpan(trace, 'mail.prepare', () => prepareMessage(deps, { body, identity, trace }));
  const accepted = toAccepted(prepared.message);
  const unit: WriteUnit = {
    messages: [prepared.message],
    claim,
    usage: usageOf(identity, deps.now()),
    isWhole: true,
    answer: () => ({ status: 202, response: JSON.stringify(accepted) }),
  };
  const write = () => writeWithBlobs(deps, unit, [prepared]);
  assertWritten(await inSpan(trace, 'mail.persist', write), deps.now());
  trace.set({ 'mail.message.id': accepted.messageId });
  deps.metrics.accepted.add(1, { mode: identity.mode });
  return accepted;
}

/** The answer for one message. */
export function toAccepted({ row }: NewMessage): AcceptedMessage {
  return { messageId: row.id, status: row.status, createdAt: row.createdAt.toISOString() };
}

/** What a client's live mail counts against; null where it has no limit, and for test mail. */
export function usageOf({ client, mode }: ClientIdentity, now: Date): WriteUnit['usage'] {
  if (mode !== 'live' || client.quotaLimit === null) return null;
  return { clientId: client.id, month: monthOf(now) };
}

/**
 * Keeps the bytes first, then the rows that name them. Bytes whose rows were refused are deleted; where it is not known whether they
 * were, bytes without a row are left for pruning by age.
 */
export async function writeWithBlobs(
  { intake, blobs, db }: Pick<AcceptDeps, 'intake' | 'blobs' | 'db'>,
  unit: WriteUnit,
  prepared: readonly PreparedMessage[],
): Promise<WriteResult> {
  const all = prepared.flatMap((message) => message.blobs);
  if (all.length === 0) return intake.accept(unit);
  intake.assertOpen();
  for (const { key, bytes } of all) await blobs.put(key, bytes, db);
  const result = await intake.accept(unit);
  const count = result.kind === 'written' ? result.count : 0;
  const refused = prepared.slice(count).flatMap((message) => message.blobs.map(({ key }) => key));
  if (refused.length > 0) await blobs.delete(refused);
  return result;
}

/** @throws ApiError or ReplayedAnswer where nothing was written */
export function assertWritten(
  result: WriteResult,
  now: Date,
): asserts result is Extract<WriteResult, { kind: 'written' }> {
  if (result.kind === 'claimed') throw toOutcome(result.prior);
  if (result.kind === 'over_quota') throw overQuota(now);
}

/** The answer where a month's quota is used up. */
export function overQuota(now: Date): ApiError {
  const next = nextMonthAfter(now);
  const seconds = Math.ceil((next.getTime() - now.getTime()) / 1000);
  return new ApiError(
    'quota_exceeded',
    `The quota of this month is used up; the next begins ${next.toISOString()}.`,
    {
      headers: { 'retry-after': String(seconds) },
    },
  );
}
