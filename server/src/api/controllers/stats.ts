import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { countMessages, type StatsCount } from '../../lib/db/stats.ts';
import type { KeyMode } from '../../lib/auth/api-key.ts';
import { parseIsoTime } from '../accepting/iso-time.ts';
import { assertScope, type Authenticator, type Identity } from '../middleware/authenticate.ts';
import { ApiError } from '../problems/problem.ts';
import { StatsQuery } from '../schemas.ts';

export type StatsDeps = { database: Database; authenticator: Authenticator; now: () => Date };

const HOUR_MS = 3_600_000;
const SIZES_MS = { hour: HOUR_MS, day: 24 * HOUR_MS };

/** A month by the hour, a leap year by the day. */
const MAX_BUCKETS = { hour: 31 * 24, day: 366 };
const DEFAULT_BUCKETS = { hour: 24, day: 30 };

/** `/v1/stats`: how many messages came to what, of the key's client and mode; for an admin key of all clients. */
export function statsController({ database, authenticator, now }: StatsDeps) {
  return new Elysia({ prefix: '/v1/stats', normalize: false })
    .derive(async ({ request }) => ({ identity: await authenticator.identify(request) }))
    .get(
      '/',
      async ({ query, identity }) => {
        const { bucket = 'hour' } = query;
        const owner = ownerOf(identity, query.mode);
        const { since, until } = parseSpan(query, bucket, now());
        const starts = toStarts(since, until, SIZES_MS[bucket]);
        const counts = await countMessages(database.db, { ...owner, starts, until });
        return {
          mode: owner.mode,
          since: since.toISOString(),
          until: until.toISOString(),
          bucket,
          ...toStats(counts, starts),
        };
      },
      { query: StatsQuery },
    );
}

function ownerOf(identity: Identity, mode: KeyMode | undefined): { clientId: string | null; mode: KeyMode } {
  if (identity.kind === 'admin') return { clientId: null, mode: mode ?? 'live' };
  assertScope(identity, 'read');
  if (mode === undefined || mode === identity.mode)
    return { clientId: identity.client.id, mode: identity.mode };
  throw new ApiError('invalid_request', 'A key sees messages of its own mode only.', {
    errors: [{ path: '/mode', message: `must be ${identity.mode}, the mode of the key` }],
  });
}

type Span = { since: Date; until: Date };

function parseSpan(query: typeof StatsQuery.static, bucket: keyof typeof SIZES_MS, now: Date): Span {
  const sizeMs = SIZES_MS[bucket];
  const until = query.until === undefined ? now : parseIsoTime(query.until, '/until');
  const since =
    query.since === undefined
      ? new Date(Math.max(floorTo(until, sizeMs) - (DEFAULT_BUCKETS[bucket] - 1) * sizeMs, 0))
      : parseIsoTime(query.since, '/since');
  if (since >= until) throw refused('/since', 'must be before the end');
  if ((until.getTime() - floorTo(since, sizeMs)) / sizeMs <= MAX_BUCKETS[bucket]) return { since, until };
  throw refused('/since', `must be at most ${MAX_BUCKETS[bucket]} buckets of a ${bucket} before the end`);
}

function refused(path: string, message: string): ApiError {
  return new ApiError('invalid_request', 'There are no statistics of such a time.', {
    errors: [{ path, message }],
  });
}

function floorTo(time: Date, sizeMs: number): number {
  return Math.floor(time.getTime() / sizeMs) * sizeMs;
}

/** The first bucket begins where it is asked to; the others on the hour or at midnight, in UTC. */
function toStarts(since: Date, until: Date, sizeMs: number): Date[] {
  const starts = [since];
  for (let at = floorTo(since, sizeMs) + sizeMs; at < until.getTime(); at += sizeMs)
    starts.push(new Date(at));
  return starts;
}

type Tally = { total: number; byStatus: Record<string, number> };

function toStats(counts: readonly StatsCount[], starts: readonly Date[]) {
  const buckets = tally(counts, 'bucket');
  const all = sumOf([...buckets.values()]);
  return {
    ...all,
    byTemplate: ranked(tally(counts, 'template')).map(([template, { total, byStatus }]) => ({
      template,
      total,
      byStatus,
    })),
    byProvider: ranked(tally(counts, 'provider')).map(([provider, { total, byStatus }]) => ({
      provider,
      total,
      byStatus,
    })),
    buckets: starts.map((start, index) => {
      const { total = 0, byStatus = {} } = buckets.get(String(index)) ?? {};
      return { at: start.toISOString(), total, byStatus };
    }),
  };
}

function tally(counts: readonly StatsCount[], by: StatsCount['by']): Map<string | null, Tally> {
  const tallies = new Map<string | null, Tally>();
  for (const { name, status, count } of counts.filter((one) => one.by === by)) {
    const { total = 0, byStatus = {} } = tallies.get(name) ?? {};
    tallies.set(name, { total: total + count, byStatus: { ...byStatus, [status]: count } });
  }
  return tallies;
}

function sumOf(tallies: readonly Tally[]): Tally {
  const byStatus: Record<string, number> = {};
  for (const [status, count] of tallies.flatMap((one) => Object.entries(one.byStatus)))
    byStatus[status] = (byStatus[status] ?? 0) + count;
  return { total: tallies.reduce((sum, { total }) => sum + total, 0), byStatus };
}

/** The busiest first. */
function ranked(tallies: Map<string | null, Tally>): [string | null, Tally][] {
  return [...tallies].sort(([, a], [, b]) => b.total - a.total);
}
