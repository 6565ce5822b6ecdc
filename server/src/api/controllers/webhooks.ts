import { Elysia } from 'elysia';
import type { Database } from '../../lib/db/database.ts';
import { receiveProviderEvents } from '../../lib/db/provider-news.ts';
import type { CallbackAdapter } from '../../lib/providers/callback.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { contextOf } from '../middleware/request-context.ts';
import { ApiError } from '../problems/problem.ts';

export type WebhooksDeps = {
  database: Database;
  logger: Logger;
  metrics: Metrics;
  /** The kinds of callback that can be verified; without any there is no route. */
  adapters: readonly CallbackAdapter[];
  /** The providers whose events may come this way, by name. */
  providers: readonly { name: string; kind: string }[];
};

/** A thousand events with room to spare. */
export const MAX_CALLBACK_BYTES = 2 * 1024 * 1024;

/** Every route below it takes its body raw, and nobody's key. */
export const CALLBACK_PREFIX = '/webhooks/';

const RETRY_LATER = { headers: { 'retry-after': '20' } };
const NOTHING = { applied: 0, repeated: 0, unmatched: 0 };

type Listener = { adapter: CallbackAdapter; provider: string };

/**
 * `POST /webhooks/:provider`: what providers tell about mail they took. They repeat what was answered with 5xx and drop
 * what was answered with 403: so that is a forgery, and a database that is away is 503.
 */
export function webhooksController(deps: WebhooksDeps) {
  const app = new Elysia({ normalize: false });
  if (deps.adapters.length === 0) return app;
  app.post(`${CALLBACK_PREFIX}:provider`, ({ params, body, request }) => {
    const { headers } = request;
    const listener = findListener(deps, { name: params.provider, headers });
    const bytes = body instanceof Uint8Array ? body : new Uint8Array();
    const logger = deps.logger.child({ request_id: contextOf(request).requestId });
    return receive({ ...deps, logger }, listener, { body: bytes, headers });
  });
  return app;
}

/** By its name; the name of a kind also means the only provider of that kind, however it is called. */
function findListener(
  { adapters, providers }: WebhooksDeps,
  { name, headers }: { name: string; headers: Headers },
): Listener {
  const named = providers.find((provider) => provider.name === name);
  if (named) {
    const adapter = findAdapter(adapters, named.kind, headers);
    if (adapter) return { adapter, provider: name };
  }
  const adapter = adapters.find(({ kind }) => kind === name);
  const ofKind = providers.filter(({ kind }) => kind === name);
  // A process that only serves the API need not know the providers.
  if (adapter && !named && ofKind.length <= 1) return { adapter, provider: ofKind[0]?.name ?? name };
  throw new ApiError('not_found', `There is no provider "${name}" whose events come this way.`);
}

/** Behind an SMTP relay may be any of them: then the callback says which it claims to be, and has to prove it. */
function findAdapter(
  adapters: readonly CallbackAdapter[],
  kind: string,
  headers: Headers,
): CallbackAdapter | undefined {
  if (kind !== 'smtp') return adapters.find((adapter) => adapter.kind === kind);
  return adapters.find(({ isLike }) => isLike(headers)) ?? adapters[0];
}

async function receive(
  deps: WebhooksDeps,
  { adapter, provider }: Listener,
  callback: { body: Uint8Array; headers: Headers },
) {
  const { logger, metrics } = deps;
  const verdict = await adapter.read(callback, { provider });
  switch (verdict.kind) {
    case 'refused':
      metrics.providerEvents.add(1, { provider, result: 'refused' });
      logger.info({ provider, code: verdict.code }, 'a callback was refused');
      throw new ApiError('callback_refused', `The callback was not verified: ${verdict.code}.`);
    case 'later':
      throw new ApiError('service_unavailable', `Come again: ${verdict.reason}.`, RETRY_LATER);
    case 'genuine':
      if (verdict.note) logger.warn({ provider, note: verdict.note }, 'a callback holds no event of a mail');
      return verdict.events.length === 0
        ? NOTHING
        : receiveProviderEvents(deps, { provider, events: verdict.events });
  }
}
