import { Elysia } from 'elysia';
import type { ProviderBoard } from '../../lib/providers/provider-board.ts';
import { assertScope, type Authenticator } from '../middleware/authenticate.ts';
import { ApiError } from '../problem.ts';

export type ProvidersDeps = { board: ProviderBoard; authenticator: Authenticator };

/** `GET /v1/providers`: how each worker finds the ways out. Breakers are each worker's own, so that each is shown. */
export function providersController({ board, authenticator }: ProvidersDeps) {
  return new Elysia({ prefix: '/v1/providers', normalize: false }).get('/', async ({ request }) => {
    const identity = await authenticator.identify(request);
    assertScope(identity, 'admin');
    return { data: await read(board), nextCursor: null };
  });
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
