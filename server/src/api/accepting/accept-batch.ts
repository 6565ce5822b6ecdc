import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { WriteUnit } from '../../lib/db/messages-write.ts';
import type { Claim } from '../../lib/idempotency/claim.ts';
import { inSpan, type Span } from '../../lib/telemetry/tracer.ts';
import {
  type AcceptDeps,
  type AcceptedMessage,
  assertWritten,
  overQuota,
  toAccepted,
  usageOf,
  writeWithBlobs,
} from './accept-message.ts';
import type { ClientIdentity } from '../middleware/authenticate.ts';
import { type PreparedMessage, prepareMessage } from './prepare-message.ts';
import { ApiError, type BatchItemProblem, PROBLEMS } from '../problems/problem.ts';
import { SendMessageBody, type SendMessageRequest } from '../schemas.ts';
import { toInvalidRequest } from '../problems/validation-problem.ts';

/** One message's part of the answer to a batch. */
export type BatchItem = AcceptedMessage | { error: BatchItemProblem };

/** The answer to a batch: one item a message, in order. */
export type AcceptedBatch = { accepted: number; rejected: number; data: BatchItem[] };

export type AcceptingBatch = {
  messages: readonly unknown[];
  mode: 'strict' | 'permissive';
  identity: ClientIdentity;
  trace: Span;
  claim: Claim | null;
};

type Prepared = { ok: true; prepared: PreparedMessage } | { ok: false; error: ApiError };

/** Takes up to 500 messages at once: strictly all or none of them, or as many as are acceptable. */
export type BatchAcceptor = (deps: AcceptDeps, batch: AcceptingBatch) => Promise<AcceptedBatch>;

/** Makes the acceptor, with the check of a single message's shape compiled. */
export function createBatchAcceptor(): BatchAcceptor {
  const shape = TypeCompiler.Compile(SendMessageBody);
  const isMessage = (value: unknown): value is SendMessageRequest => shape.Check(value);

  const prepare = async (deps: AcceptDeps, body: unknown, batch: AcceptingBatch): Promise<Prepared> => {
    if (!isMessage(body)) return { ok: false, error: toInvalidRequest(shape.Errors(body)) };
    try {
      return { ok: true, prepared: await prepareMessage(deps, { body, ...batch }) };
    } catch (error) {
      if (error instanceof ApiError) return { ok: false, error };
      throw error;
    }
  };

  return async (deps, batch) => {
    const all: Prepared[] = [];
    for (const body of batch.messages) all.push(await prepare(deps, body, batch));
    const accept = batch.mode === 'strict' ? acceptAll : acceptSome;
    const answer = await inSpan(batch.trace, 'mail.persist', () => accept(deps, all, batch));
    batch.trace.set({ 'mail.batch.size': batch.messages.length, 'mail.batch.accepted': answer.accepted });
    deps.metrics.accepted.add(answer.accepted, { mode: batch.identity.mode });
    return answer;
  };
}

async function acceptAll(
  deps: AcceptDeps,
  all: readonly Prepared[],
  batch: AcceptingBatch,
): Promise<AcceptedBatch> {
  const items = all.flatMap((item, index) => (item.ok ? [] : [toProblemItem(item.error, index)]));
  if (items.length > 0) {
    throw new ApiError(
      'batch_rejected',
      `${items.length} of ${all.length} messages are not acceptable; none was taken.`,
      {
        items,
      },
    );
  }
  const prepared = all.flatMap((item) => (item.ok ? [item.prepared] : []));
  const answer = toAnswer(all, prepared.length, deps.now());
  const unit = toUnit(deps, { prepared, batch, isWhole: true, answer: () => answer });
  assertWritten(await writeWithBlobs(deps, unit, prepared), deps.now());
  return answer;
}

/** Under a key the whole batch is one transaction with it; without one each message is on its own. */
async function acceptSome(
  deps: AcceptDeps,
  all: readonly Prepared[],
  batch: AcceptingBatch,
): Promise<AcceptedBatch> {
  if (batch.claim === null) return acceptEach(deps, all, batch);
  const prepared = all.flatMap((item) => (item.ok ? [item.prepared] : []));
  const answer = (written: number) => toAnswer(all, written, deps.now());
  const unit = toUnit(deps, { prepared, batch, isWhole: false, answer });
  const result = await writeWithBlobs(deps, unit, prepared);
  // Nothing was kept under the key either: the same may be asked for again.
  if (result.kind === 'over_quota') return answer(0);
  assertWritten(result, deps.now());
  return answer(result.count);
}

async function acceptEach(
  deps: AcceptDeps,
  all: readonly Prepared[],
  batch: AcceptingBatch,
): Promise<AcceptedBatch> {
  const written = await Promise.all(
    all.map(async (item): Promise<Prepared> => {
      if (!item.ok) return item;
      try {
        const prepared = [item.prepared];
        const accepted = toAccepted(item.prepared.message);
        const answer = () => ({ accepted: 1, rejected: 0, data: [accepted] });
        const unit = toUnit(deps, { prepared, batch, isWhole: true, answer });
        assertWritten(await writeWithBlobs(deps, unit, prepared), deps.now());
        return item;
      } catch (error) {
        // Others may have been taken: a caller who was told otherwise would send them again.
        const ids = { message_id: item.prepared.message.row.id, trace_id: batch.trace.traceId };
        return { ok: false, error: deps.toApiError(error, ids) };
      }
    }),
  );
  const failed = written.flatMap((item) => (item.ok ? [] : [item.error]));
  const outage = failed.find(({ code }) => PROBLEMS[code].status >= 500);
  if (outage && failed.length === written.length) throw outage;
  return toAnswer(written, written.length, deps.now());
}

type Unit = {
  prepared: readonly PreparedMessage[];
  batch: AcceptingBatch;
  isWhole: boolean;
  answer: (written: number) => AcceptedBatch;
};

function toUnit(deps: AcceptDeps, { prepared, batch, isWhole, answer }: Unit): WriteUnit {
  return {
    messages: prepared.map(({ message }) => message),
    claim: batch.claim,
    usage: usageOf(batch.identity, deps.now()),
    isWhole,
    answer: (written) => ({ status: 202, response: JSON.stringify(answer(written)) }),
  };
}

/** `written` says how many of the acceptable ones, from the first, the quota allowed. */
function toAnswer(all: readonly Prepared[], written: number, now: Date): AcceptedBatch {
  let left = written;
  const data = all.map((item, index): BatchItem => {
    if (!item.ok) return { error: toProblemItem(item.error, index) };
    left -= 1;
    return left < 0 ? { error: toProblemItem(overQuota(now), index) } : toAccepted(item.prepared.message);
  });
  const accepted = data.filter((item) => 'messageId' in item).length;
  return { accepted, rejected: data.length - accepted, data };
}

function toProblemItem(error: ApiError, index: number): BatchItemProblem {
  const { errors } = error.options;
  const { status } = PROBLEMS[error.code];
  return { index, status, code: error.code, detail: error.message, ...(errors ? { errors } : {}) };
}
