import type { Config } from '../config.ts';
import { loadAttachments, loadBody } from '../lib/blobs/message-content.ts';
import { createDeliveries } from '../lib/db/deliveries.ts';
import { createInboxStore } from '../lib/db/inbox.ts';
import { receiveProviderEvents } from '../lib/db/provider-news.ts';
import type { Engine } from '../lib/engine/engine.ts';
import { createBodyKeeper } from '../lib/messages/kept-body.ts';
import { createMessageRenderer } from '../lib/messages/rendering.ts';
import { unsubscribeUrl } from '../lib/messages/unsubscribe.ts';
import type { Profile } from '../lib/profile.ts';
import { createInboxProvider } from '../lib/providers/inbox.ts';
import { createProviders } from '../lib/providers/registry.ts';
import { createProviderRouter, type ProviderRouter } from '../lib/providers/router.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Telemetry } from '../lib/telemetry/telemetry.ts';
import { parseTraceparent } from '../lib/telemetry/trace-context.ts';
import { startBlobSweep } from './blob-sweep.ts';
import { type BreakerRecorder, createBreakerRecorder } from './breaker-recorder.ts';
import { createEmailProcessor } from './email.processor.ts';
import { type HealthServer, startHealthServer } from './health.ts';
import { startProviderReporter } from './provider-reporter.ts';
import { startReconciler } from './reconciler.ts';
import { startRetention } from './retention.ts';
import { createRouteGate } from './route-gate.ts';
import type { StepListener } from './steps.ts';
import { startWebhooks } from './webhook-start.ts';

export type WorkerDeps = {
  config: Config;
  profile: Profile;
  engine: Engine;
  logger: Logger;
  telemetry: Telemetry;
  /** Told of each step of each delivery. */
  onStep?: StepListener | undefined;
};

/** Starts to work on the queue; `stop` finishes what is under way, within the configured grace. */
export function startWorker({ config, profile, engine, logger, telemetry, onStep }: WorkerDeps): {
  stop(): Promise<void>;
} {
  const { database, queue, blobs } = profile;
  const { publicUrl } = config;
  const { db } = database;
  const { metrics, tracer } = telemetry;
  const id = Bun.randomUUIDv7();
  const recorder = createBreakerRecorder({ database, logger, worker: id });
  const router = createRouter({ config, profile, logger, metrics, recorder });
  // First, because it is what can fail: its port may be taken.
  const health = startHealth({ config, profile, router, telemetry });
  const worker = queue.startWorker({
    handler: createEmailProcessor({
      deliveries: createDeliveries(database, config),
      render: createMessageRenderer({ db, engine, loadBody: (message) => loadBody(blobs, message) }),
      router,
      gate: createRouteGate(),
      loadAttachments: (messageId) => loadAttachments({ db, blobs }, messageId),
      unsubscribeUrl: (messageId, secret) => publicUrl && unsubscribeUrl({ publicUrl, messageId, secret }),
      keepBody: config.isKeepingBodies ? createBodyKeeper({ blobs, db }) : null,
      retry: config.retry,
      leaseMs: config.leaseMs,
      logger,
      metrics,
      tracer,
      onStep,
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
  const reporter = startProviderReporter({ board: profile.providerBoard, router, logger, worker: id });
  const retention = startRetention({ database, blobs, logger, days: config.retentionDays });
  const blobSweep = startBlobSweep({ database, blobs, logger });
  const reconciler = startReconciler({
    database,
    queue: queue.queue,
    logger,
    metrics,
    tracer,
    isMeasured: telemetry.isMeasured,
  });
  const webhooks = startWebhooks({ config, profile, logger, metrics });
  return {
    async stop() {
      const stopMail = async () => {
        await Promise.all([reconciler.stop(), retention.stop(), blobSweep.stop(), reporter.stop()]);
        await worker.stop(config.shutdownGraceMs);
      };
      // Side by side, because each may use the whole grace.
      await Promise.all([stopMail(), webhooks.stop()]);
      await router.close();
      await recorder.stop();
      await health?.stop();
    },
  };
}

type HealthDeps = Pick<WorkerDeps, 'config' | 'profile' | 'telemetry'> & { router: ProviderRouter };

/** A process that is an API too answers there. */
function startHealth({ config, profile, router, telemetry }: HealthDeps): HealthServer | null {
  const { role, host, workerPort: port, metricsToken } = config;
  if (role !== 'WORKER' || port === null) return null;
  return startHealthServer({
    host,
    port,
    database: profile.database,
    queue: profile.queue.queue,
    router,
    scrape: telemetry.scrape,
    metricsToken,
  });
}

type RouterDeps = Pick<WorkerDeps, 'config' | 'profile' | 'logger'> &
  Pick<Telemetry, 'metrics'> & { recorder: BreakerRecorder };

function createRouter({ config, profile, logger, metrics, recorder }: RouterDeps): ProviderRouter {
  const { database, rateLimits, broadcast } = profile;
  return createProviderRouter({
    providers: createProviders(config.providers),
    inbox: createInboxProvider({
      store: createInboxStore(database.db),
      async report(news) {
        try {
          await receiveProviderEvents({ database, logger, metrics }, news);
        } catch (error) {
          logger.warn({ err: error }, 'what became of mail to a test address could not be written');
        }
      },
    }),
    logger,
    metrics,
    rateLimits,
    broadcast,
    onBreakerChange: recorder.record,
  });
}
