import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { RedisClient } from '../queue/redis.ts';
import type { ProviderState } from './router.ts';

/** What one worker says of the providers, as it saw them last. */
export type WorkerReport = { worker: string; at: string; providers: readonly ReportedProvider[] };

const ReportSchema = Type.Object({
  at: Type.String(),
  providers: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.Union([Type.String(), Type.Null()]),
      order: Type.Number(),
      weight: Type.Number(),
      ratePerS: Type.Union([Type.Number(), Type.Null()]),
      breaker: Type.Object({
        state: Type.String(),
        reason: Type.Union([Type.String(), Type.Null()]),
        remainingMs: Type.Union([Type.Number(), Type.Null()]),
      }),
      counts: Type.Record(Type.String(), Type.Number()),
    }),
  ),
});

export type ReportedProvider = Static<typeof ReportSchema>['providers'][number];

/** Where workers hang out how their providers are, for whoever answers questions. */
export type ProviderBoard = {
  publish(worker: string, states: readonly ProviderState[]): Promise<void>;
  /** What the workers that are alive say; rejects where the board cannot be reached. */
  read(): Promise<WorkerReport[]>;
  remove(worker: string): Promise<void>;
};

/** A worker that has said nothing for so long is gone. */
const MAX_AGE_MS = 30_000;

/** The braces are those of the queue: in a Redis Cluster it is in the same slot. */
const KEY = '{mailer}:provider-reports';

/** For API and worker in one process. */
export function createMemoryBoard(now: () => Date = () => new Date()): ProviderBoard {
  const reports = new Map<string, WorkerReport>();
  return {
    async publish(worker, states) {
      reports.set(worker, { worker, at: now().toISOString(), providers: states.map(toReported) });
    },
    read: async () => [...reports.values()],
    async remove(worker) {
      reports.delete(worker);
    },
  };
}

/** One hash with a field for each worker; what is stale is left out, and taken down. */
export function createRedisBoard(redis: RedisClient, now: () => Date = () => new Date()): ProviderBoard {
  const remove = async (...workers: readonly string[]) => {
    if (workers.length > 0) await redis.hdel(KEY, ...workers);
  };
  return {
    async publish(worker, states) {
      const report = { at: now().toISOString(), providers: states.map(toReported) };
      await redis.hset(KEY, worker, JSON.stringify(report));
    },
    async read() {
      const all = Object.entries(await redis.hgetall(KEY)).map(([worker, text]) => toReport(worker, text));
      const since = now().getTime() - MAX_AGE_MS;
      const fresh = all.filter(({ at }) => Date.parse(at) >= since);
      await remove(...all.filter(({ at }) => !(Date.parse(at) >= since)).map(({ worker }) => worker));
      return fresh;
    },
    remove,
  };
}

/** Of what makes no sense, as after an update, nothing but its owner: it counts as stale. */
function toReport(worker: string, text: string): WorkerReport {
  const value = parseJson(text);
  return Value.Check(ReportSchema, value) ? { worker, ...value } : { worker, at: '', providers: [] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function toReported({
  name,
  kind,
  order,
  weight,
  ratePerS,
  breaker,
  counts,
}: ProviderState): ReportedProvider {
  return {
    name,
    kind,
    order,
    weight,
    ratePerS,
    breaker: {
      state: breaker.kind,
      reason: breaker.kind === 'closed' ? null : breaker.reason,
      remainingMs: breaker.kind === 'open' ? Math.ceil(breaker.remainingMs) : null,
    },
    counts: { ...counts },
  };
}
