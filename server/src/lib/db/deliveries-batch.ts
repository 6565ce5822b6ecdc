import { createGroupCommit, type Settled } from '../group-commit.ts';
import { settlesWithin } from '../time-limit.ts';
import { isConnectionError, isStatementTimeout, NoAnswerError } from './connection-error.ts';

/**
 * Where so many items came within such a time, the next waits for others: a worker that is this busy has enough else to do, and what a
 * statement costs the database hardly depends on how many it is for. Below that rate nobody waits.
 */
const MANY = 32;
const WITHIN_MS = 50;
const LINGER_MS = 12;
const ENOUGH = 16;

/**
 * A little longer than the database lets a statement take: by then the connection is dead, which the system may take a quarter of
 * an hour to notice. Whatever became of the statement, each item is guarded by its lease, so that it may be repeated.
 */
const ANSWER_TIMEOUT_MS = 35_000;

type BatchOptions = { answerTimeoutMs?: number; now?: () => number };

/**
 * Carries out what concurrent attempts ask for in one statement. Where a statement fails because of what is in it, each item is
 * carried out by itself, so that a row that poisons the batch fails alone.
 *
 * @param flush one result an item, in order
 */
export function createBatch<I, O>(
  flush: (items: readonly I[]) => Promise<readonly Settled<O>[]>,
  { answerTimeoutMs = ANSWER_TIMEOUT_MS, now = () => performance.now() }: BatchOptions = {},
): (item: I) => Promise<O> {
  const rate = createRateWatch({ many: MANY, withinMs: WITHIN_MS });
  const commit = createGroupCommit<I, O>({
    // One statement at a time: what comes meanwhile shares the next.
    slots: 1,
    lingerMs: () => (rate.isDense() ? LINGER_MS : 0),
    enough: ENOUGH,
    async flush(items) {
      try {
        return await answerOf(flush(items), answerTimeoutMs);
      } catch (error) {
        // An overloaded database is not helped by being asked for each of them.
        if (items.length === 1 || isConnectionError(error) || isStatementTimeout(error)) throw error;
        return flushSingly(items, flush);
      }
    },
  });
  return (item) => {
    rate.note(now());
    return commit.add(item);
  };
}

/** Knows whether the last `many` arrivals came `withinMs`. */
function createRateWatch({ many, withinMs }: { many: number; withinMs: number }) {
  const times = new Float64Array(many).fill(Number.NEGATIVE_INFINITY);
  let oldest = 0;
  let isDense = false;
  return {
    note(nowMs: number): void {
      isDense = nowMs - (times[oldest] ?? 0) < withinMs;
      times[oldest] = nowMs;
      oldest = (oldest + 1) % many;
    },
    isDense: () => isDense,
  };
}

/** @throws NoAnswerError where there is none in time; the work itself goes on and cannot be taken back */
async function answerOf<T>(work: Promise<T>, withinMs: number): Promise<T> {
  if (await settlesWithin(withinMs, work)) return work;
  throw new NoAnswerError(withinMs);
}

async function flushSingly<I, O>(
  items: readonly I[],
  flush: (items: readonly I[]) => Promise<readonly Settled<O>[]>,
): Promise<Settled<O>[]> {
  const settled: Settled<O>[] = [];
  for (const item of items) {
    try {
      settled.push(...(await flush([item])));
    } catch (error) {
      settled.push({ ok: false, error });
    }
  }
  return settled;
}
