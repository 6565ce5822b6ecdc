import { codeOf, isConnectionError, isLockTimeout } from '../../lib/db/connection-error.ts';
import type { Database } from '../../lib/db/database.ts';
import {
  type AddJobsInTransaction,
  jobsOf,
  type WriteResult,
  type WriteUnit,
  writeUnits,
} from '../../lib/db/messages-write.ts';
import { createGroupCommit, type Settled } from '../../lib/group-commit.ts';
import { settlesWithin } from '../../lib/time-limit.ts';
import type { Enqueuer } from './enqueuer.ts';
import { OverloadError, overloaded } from './overload.ts';

/** Makes messages durable, those of concurrent requests together. */
export type Intake = {
  /**
   * Resolves once all of it is durable, or nothing is.
   *
   * @throws ApiError `overloaded`, or the driver's error; after either the messages may still have been kept where the database
   * answered too late
   */
  accept(unit: WriteUnit): Promise<WriteResult>;
  /** @throws ApiError `overloaded` where {@link accept} would throw it now */
  assertOpen(): void;
};

export type IntakeOptions = {
  database: Database;
  /** Null where jobs are added after the commit. */
  addJobsInTransaction: AddJobsInTransaction | null;
  enqueuer: Enqueuer;
  maxWaiting: number;
  maxIntakeMs: number;
  /** False while too many jobs wait in the queue. */
  hasRoom: () => boolean;
};

type Waiting = { unit: WriteUnit; since: number };

const SLOTS = 2;
/** Most messages of one statement; requests beyond go with the next. */
const MAX_MESSAGES = 500;

const QUERY_CANCELED = '57014';

export function createIntake(options: IntakeOptions): Intake {
  const { maxWaiting, maxIntakeMs, hasRoom } = options;
  let held = 0;
  /** Writes that were given up by their callers and are still under way. */
  let stuck = 0;

  const writeInTime = async (units: readonly WriteUnit[]): Promise<WriteResult[]> => {
    if (stuck >= SLOTS) throw overloaded('database');
    const writing = writeUnits(options.database, units, options.addJobsInTransaction);
    if (await settlesWithin(maxIntakeMs, writing)) return writing;
    stuck += 1;
    void whenSettled(writing, () => (stuck -= 1));
    throw overloaded('database');
  };

  /** A row that the database refuses must not take its neighbours with it: it is found by halving. */
  const writeApart = async (units: readonly WriteUnit[]): Promise<Settled<WriteResult>[]> => {
    try {
      const results = await writeInTime(units);
      return results.map((value) => ({ ok: true, value }));
    } catch (error) {
      if (units.length === 1 || isEverybodys(error)) return units.map((unit) => explain(unit, error));
      const middle = units.length >> 1;
      return [...(await writeApart(units.slice(0, middle))), ...(await writeApart(units.slice(middle)))];
    }
  };

  const flush = async (batch: readonly Waiting[]): Promise<Settled<WriteResult>[]> => {
    const settled: Settled<WriteResult>[] = [];
    const latest = performance.now() - maxIntakeMs;
    for (const part of inParts(batch)) {
      const isLate = (part[0]?.since ?? 0) < latest;
      const results = isLate
        ? part.map(() => ({ ok: false, error: overloaded('waiting') }) as const)
        : await writeApart(part.map(({ unit }) => unit));
      settled.push(...results);
      options.enqueuer.add(options.addJobsInTransaction ? [] : newJobs(part, results));
    }
    return settled;
  };
  const group = createGroupCommit<Waiting, WriteResult>({ flush, slots: SLOTS });

  const check = (count: number) => {
    if (!hasRoom()) throw overloaded('queue');
    if (stuck >= SLOTS) throw overloaded('database');
    if (held > 0 && held + count > maxWaiting) throw overloaded('waiting');
  };

  return {
    async accept(unit) {
      const count = unit.messages.length;
      check(count);
      held += count;
      try {
        return await group.add({ unit, since: performance.now() });
      } finally {
        held -= count;
      }
    },
    assertOpen: () => check(1),
  };
}

async function whenSettled(work: Promise<unknown>, then: () => void): Promise<void> {
  await Promise.allSettled([work]);
  then();
}

/** True for what has nothing to do with the rows: trying again in parts would only wait for it again. */
function isEverybodys(error: unknown): boolean {
  return error instanceof OverloadError || isConnectionError(error) || codeOf(error) === QUERY_CANCELED;
}

function explain({ claim }: WriteUnit, error: unknown): Settled<WriteResult> {
  if (codeOf(error) === QUERY_CANCELED) return { ok: false, error: overloaded('database') };
  if (!isLockTimeout(error)) return { ok: false, error };
  // Somebody who holds the same key has not finished.
  if (claim) return { ok: true, value: { kind: 'claimed', prior: { kind: 'in_progress' } } };
  return { ok: false, error: overloaded('database') };
}

function inParts(batch: readonly Waiting[]): Waiting[][] {
  const parts: Waiting[][] = [];
  let size = MAX_MESSAGES;
  for (const waiting of batch) {
    const count = waiting.unit.messages.length;
    if (size + count > MAX_MESSAGES) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)?.push(waiting);
    size += count;
  }
  return parts;
}

function newJobs(part: readonly Waiting[], results: readonly Settled<WriteResult>[]) {
  return part.flatMap(({ unit }, index) => {
    const result = results[index];
    return result?.ok ? jobsOf(unit, result.value) : [];
  });
}
