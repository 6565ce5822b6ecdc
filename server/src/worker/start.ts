import type { Config } from '../config.ts';
import type { Engine } from '../lib/engine/engine.ts';
import type { Profile } from '../lib/profile.ts';
import { createProviderRegistry } from '../lib/providers/registry.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { parseTraceparent } from '../lib/telemetry/trace-context.ts';
import { createEmailProcessor } from './email.processor.ts';
import { startReconciler } from './reconciler.ts';

export type WorkerDeps = {
  config: Config;
  profile: Profile;
  engine: Engine;
  logger: Logger;
  metrics: Metrics;
};

/** Starts to work on the queue; `stop` finishes what is under way, within the configured grace. */
export function startWorker({ config, profile, engine, logger, metrics }: WorkerDeps): {
  stop(): Promise<void>;
} {
  const { database, queue } = profile;
  const providers = createProviderRegistry({ providers: config.providers, db: database.db });
  const { maxAttempts, retryBaseMs, leaseMs } = config;
  const worker = queue.startWorker({
    handler: createEmailProcessor({
      database,
      engine,
      providers,
      logger,
      metrics,
      maxAttempts,
      retryBaseMs,
      leaseMs,
    }),
    concurrency: config.workerConcurrency,
    onError: (error, job) =>
      logger.error(
        {
          err: error,
          ...(job && { message_id: job.messageId, trace_id: parseTraceparent(job.traceparent)?.traceId }),
        },
        'the worker met an error and goes on',
      ),
  });
  const reconciler = startReconciler({ database, queue: queue.queue, logger, metrics });
  return {
    async stop() {
      await reconciler.stop();
      await worker.stop(config.shutdownGraceMs);
      await providers.close();
    },
  };
}
