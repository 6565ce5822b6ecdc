import type { ApiDeps } from './app.ts';
import type { MessageIds } from './accepting/accept-message.ts';
import { createEnqueuer } from './accepting/enqueuer.ts';
import { createIntake } from './accepting/intake.ts';
import { addressOf } from './middleware/client-address.ts';
import { createFailureThrottle } from './middleware/failure-throttle.ts';
import { createAuthenticator } from './middleware/authenticate.ts';
import { createBodyBudget } from './middleware/body-budget.ts';
import { createIdempotencyGuard } from './middleware/idempotency.ts';
import { createRateGate, withRateLimit } from './middleware/rate-limit.ts';
import { createPropsChecker } from './accepting/props-check.ts';
import type { KeyOwner } from '../lib/db/api-keys.ts';
import { startPruner } from './pruner.ts';
import { startQueueWatch } from './accepting/queue-watch.ts';
import { createStreams } from './streams/streams.ts';
import { createTemplateResolver } from './accepting/template-resolver.ts';
import type { ApiError } from './problems/problem.ts';
import { toApiError } from './problems/to-api-error.ts';

/** What goes by the clock. */
export type ApiTimes = {
  /** The clock of keys and of what they may do; of the machine by default. */
  now?: () => Date;
  streams?: { heartbeatMs?: number; recheckMs?: number };
};

/** What the routes share: who calls, what may be taken, and what becomes durable. `stop` ends what runs by itself. */
export function createServices({ config, profile, logger, telemetry, times = {} }: Omit<ApiDeps, 'engine'>) {
  const { database } = profile;
  const { metrics, tracer } = telemetry;
  const queue = profile.queue.queue;
  const { now = () => new Date() } = times;
  const rateGate = createRateGate(profile.rateLimiter);
  const known = createAuthenticator({
    db: database.db,
    adminApiKey: config.adminApiKey,
    now,
    throttle: createFailureThrottle({ perMinute: config.maxAuthFailures, nowMs: Date.now }),
    addressOf: (request) => addressOf(request, config),
  });
  const authenticator = withRateLimit(known, rateGate);
  const streams = createStreams({ db: database.db, logger, metrics, ...times.streams });
  const forget = (owner: KeyOwner) => {
    authenticator.forget(owner);
    // An admin key reads no stream.
    if (owner !== null) streams.recheck(owner);
  };
  profile.keyNews.listen(forget);
  const idempotency = createIdempotencyGuard(database);
  const resolver = createTemplateResolver({ db: database.db, nowMs: Date.now });
  const props = createPropsChecker();
  const budget = createBodyBudget(config.maxInFlightBytes);
  const watch = startQueueWatch({ queue, metrics, maxDepth: config.maxQueueDepth });
  const enqueuer = createEnqueuer({ queue, logger, metrics, tracer });
  const pruner = startPruner({ db: database.db, logger });
  const intake = createIntake({
    database,
    addJobsInTransaction: profile.addJobsInTransaction,
    enqueuer,
    maxWaiting: config.maxWaiting,
    maxIntakeMs: config.maxIntakeMs,
    hasRoom: watch.hasRoom,
  });
  const accept = {
    config,
    db: database.db,
    templates: resolver,
    props,
    now,
    intake,
    blobs: profile.blobs,
    metrics,
    toApiError(error: unknown, ids: MessageIds): ApiError {
      const problem = toApiError(error);
      if (problem.code === 'internal_error')
        logger.error({ ...ids, err: error }, 'a message of a batch failed');
      return problem;
    },
  };
  const changed = (clientId: string) => {
    forget(clientId);
    profile.keyNews.publish(clientId);
  };
  const administration = { database, blobs: profile.blobs, authenticator, logger, now, changed };
  return {
    authenticator,
    known,
    rateGate,
    streams,
    idempotency,
    resolver,
    props,
    budget,
    intake,
    accept,
    administration,
    /** After the last request. */
    async stop(): Promise<void> {
      watch.stop();
      await pruner.stop();
      await enqueuer.stop();
    },
  };
}
