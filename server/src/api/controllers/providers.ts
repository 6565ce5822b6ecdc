import { Elysia } from 'elysia';
import { type BreakerRecord, listBreakerChanges } from '../../lib/db/breaker-changes.ts';
import type { Database } from '../../lib/db/database.ts';
import type { ProviderBoard } from '../../lib/providers/provider-board.ts';
import { parseIsoTime } from '../accepting/iso-time.ts';
import { assertScope, type Authenticator } from '../middleware/authenticate.ts';
import { parseCursor, parseLimit, toPage } from '../lists/pagination.ts';
import { ApiError } from '../problems/problem.ts';
import { ListProviderEventsQuery } from '../schemas.ts';

export type ProvidersDeps = {
  board: ProviderBoard;
  database: Database;
  /** Names of those that are configured here; workers may have others. */
  configured: readonly string[];
  authenticator: Authenticator;
};

/**
 * `/v1/providers`: how each worker finds the ways out, and how it found them before. Breakers are each worker's own, so that each is
 * shown.
 */
export function providersController({ board, database, configured, authenticator }: ProvidersDeps) {
  return new Elysia({ prefix: '/v1/providers', normalize: false })
    .derive(async ({ request }) => {
      const identity = await authenticator.identify(request);
      assertScope(identity, 'admin');
      return { identity };
    })
    .get('/', async () => ({ data: await read(board), nextCursor: null }))
    .get(
      '/:name/events',
      async ({ params: { name }, query: { limit: size, cursor, since, until } }) => {
        const limit = parseLimit(size);
        const rows = await listBreakerChanges(database.db, {
          provider: name,
          ...(since === undefined ? {} : { since: parseIsoTime(since, '/since') }),
          ...(until === undefined ? {} : { until: parseIsoTime(until, '/until') }),
          before: parseCursor(cursor),
          limit: limit + 1,
        });
        // "None" about a name that was mistyped would be believed.
        if (rows.length === 0) await assertKnown(name);
        return toPage(rows, limit, toEvent);
      },
      { query: ListProviderEventsQuery },
    );

  async function assertKnown(name: string): Promise<void> {
    if (configured.includes(name)) return;
    const recorded = await listBreakerChanges(database.db, { provider: name, before: null, limit: 1 });
    if (recorded.length > 0) return;
    if ((await read(board)).some((provider) => provider.name === name)) return;
    throw new ApiError('not_found', `There is no provider ${JSON.stringify(name)}.`);
  }
}

async function read(board: ProviderBoard) {
  try {
    const reports = await board.read();
    const names = new Set(reports.flatMap(({ providers }) => providers.map(({ name }) => name)));
    return [...names].toSorted().map((name) => ({
      name,
      workers: reports.flatMap(({ worker, at, providers }) =>
        providers.flatMap(({ name: theirs, ...state }) =>
          theirs === name ? [{ worker, at, ...state }] : [],
        ),
      ),
    }));
  } catch {
    throw new ApiError('service_unavailable', 'What workers report cannot be read. Try again.', {
      headers: { 'retry-after': '2' },
    });
  }
}

function toEvent({ id, kind, reason, worker, createdAt }: BreakerRecord) {
  return { id, kind, reason, worker, at: createdAt.toISOString() };
}
