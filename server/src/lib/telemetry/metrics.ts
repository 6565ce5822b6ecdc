import {
  type Attributes,
  type Counter,
  type Gauge,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics as api,
  type ObservableGauge,
} from '@opentelemetry/api';

/** Every instrument of the service, created once a process. Attributes come from closed lists or the configuration, never from mail. */
export type Metrics = ReturnType<typeof createMetrics>;

/** A histogram that is told milliseconds, as the house counts, and shows seconds, as its readers do. */
export type Duration = { record(ms: number, attributes?: Attributes): void };

/** How many of a pool's places there are, are taken, and are waited for. */
export type PoolUse = { size: number; used: number; waiting: number };

/** What one instance at a time finds out for all of them. */
export type ServiceFigures = {
  waiting: number;
  delayed: number;
  active: number;
  oldestQueuedMs: number;
  deadLetters: number;
  oldestWebhookMs: number;
};

/** Bounds in seconds: within a process or a network, and what a recipient waits for. */
const SHORT_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LONG_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400];

/**
 * Creates the closed set of instruments on the given provider. Without one the API's no-op provider answers, so
 * that measuring costs next to nothing until an exporter is configured.
 */
export function createMetrics(provider: MeterProvider = api.getMeterProvider()) {
  const meter = provider.getMeter('mail-service');
  const counter = (name: string, description: string): Counter => meter.createCounter(name, { description });
  /** One without attributes is shown from the start: a rate needs a value from before the first event. */
  const plainCounter = (name: string, description: string): Counter => {
    const made = counter(name, description);
    made.add(0);
    return made;
  };
  const gauge = (name: string, description: string): Gauge => meter.createGauge(name, { description });
  const short = (name: string, description: string) => createDuration(meter, name, description, SHORT_S);
  const long = (name: string, description: string) => createDuration(meter, name, description, LONG_S);
  observeProcess(meter);
  return {
    accepted: counter('mail.accepted', 'Messages answered with 202, by mode of the key'),
    refused: counter('mail.refused', 'Requests not taken under load, by reason'),
    replayed: plainCounter(
      'mail.replayed',
      'Requests answered from an earlier one with the same idempotency key',
    ),
    requestTime: short('mail.api.request.duration', 'Requests by method, route and status'),
    streams: meter.createUpDownCounter('mail.streams', { description: 'Event streams that are open' }),

    enqueueFailed: plainCounter(
      'mail.enqueue.failed',
      'Accepted messages that the queue did not take at once',
    ),
    queueReachable: gauge('mail.queue.reachable', '1 while the queue answers this process, else 0'),
    queueWait: long('mail.queue.wait.duration', 'From due to the first attempt'),
    service: observeService(meter),

    attempts: counter('mail.attempts', 'Attempts by the status they left their message in'),
    failed: counter('mail.failed', 'Messages given up, by reason'),
    deliveryTime: long('mail.delivery.duration', 'From due to taken by a provider'),
    events: counter('mail.events', "Lines of messages' timelines, by type"),
    reconcilerChecked: plainCounter(
      'mail.reconciler.checked',
      'Unfinished messages that were held against the queue',
    ),
    reconcilerRequeued: plainCounter(
      'mail.reconciler.requeued',
      'Messages without a job that were given one',
    ),
    reconcilerPromoted: plainCounter('mail.reconciler.promoted', 'Scheduled messages whose time had come'),

    providerResults: counter('mail.provider.results', 'Hand-overs by provider and kind of result'),
    providerTime: short('mail.provider.duration', 'Hand-overs by provider, with waiting for a connection'),
    providerEvents: counter(
      'mail.provider.events',
      'Events that providers told, by provider and what became of them',
    ),
    breakerChanges: counter('mail.breaker.changes', 'Changes of circuit breakers, by provider and new state'),
    breakerState: meter.createObservableGauge('mail.breaker.state', {
      description: 'Circuit breaker of each provider in this process: 0 closed, 1 half-open, 2 open',
    }),
    failovers: counter('mail.failovers', 'Messages that went on to another provider, by both'),

    renderTime: short('mail.render.duration', 'Renders by result, with the round trip to the sandbox'),
    renderPaths: counter('mail.render.paths', 'Renders by the way they took; written is the fast one'),
    templateLookups: counter('mail.template.lookups', 'Compiled template look-ups by tier and result'),
    templateCompiles: counter('mail.template.compiles', 'Template compilations by result'),
    compileTime: short('mail.template.compile.duration', 'Template compilations'),
    sandboxKills: counter('mail.sandbox.kills', 'Sandbox processes that were ended, by reason'),
    sandboxWait: short(
      'mail.sandbox.wait.duration',
      'What a render waits for a process of its client, where there is none',
    ),

    webhookAttempts: counter('mail.webhook.attempts', 'Webhook requests by what followed from them'),
    webhookPauses: counter('mail.webhook.pauses', 'Webhook endpoints that were given up, by reason'),
    webhookTime: short('mail.webhook.request.duration', 'Webhook requests by what followed from them'),
    webhookDelay: long('mail.webhook.delay.duration', 'From an event to the webhook that told of it'),

    pools: observePools(meter),
  };
}

function createDuration(meter: Meter, name: string, description: string, bounds: number[]): Duration {
  const histogram: Histogram = meter.createHistogram(name, {
    description,
    unit: 's',
    advice: { explicitBucketBoundaries: bounds },
  });
  return { record: (ms, attributes) => histogram.record(ms / 1000, attributes) };
}

/** Read when somebody asks. An instance that no longer measures for all says nothing, rather than what once was. */
function observeService(meter: Meter) {
  let latest: ServiceFigures | null = null;
  const show = (
    gauge: ObservableGauge,
    valuesOf: (figures: ServiceFigures) => readonly [number, Attributes?][],
  ) =>
    gauge.addCallback((result) => {
      if (latest) for (const [value, attributes] of valuesOf(latest)) result.observe(value, attributes);
    });
  const gauge = (name: string, description: string, unit = '') =>
    meter.createObservableGauge(name, { description, unit });
  show(gauge('mail.queue.jobs', 'Jobs in the queue, by state'), ({ waiting, delayed, active }) => [
    [waiting, { state: 'waiting' }],
    [delayed, { state: 'delayed' }],
    [active, { state: 'active' }],
  ]);
  show(
    gauge('mail.queue.oldest', 'How long the first message in line has waited', 's'),
    ({ oldestQueuedMs }) => [[oldestQueuedMs / 1000]],
  );
  show(
    gauge('mail.dead_letters', 'Messages that were given up and wait for a decision, 10,000 at most'),
    ({ deadLetters }) => [[deadLetters]],
  );
  show(
    gauge('mail.webhook.oldest', 'How long the first webhook in line has been due', 's'),
    ({ oldestWebhookMs }) => [[oldestWebhookMs / 1000]],
  );
  return {
    report(figures: ServiceFigures): void {
      latest = figures;
    },
    forget(): void {
      latest = null;
    },
  };
}

function observePools(meter: Meter) {
  const pools = new Map<string, () => PoolUse | null>();
  const show = (name: string, description: string, of: (use: PoolUse) => number) =>
    meter.createObservableGauge(name, { description }).addCallback((result) => {
      for (const [pool, read] of pools) {
        const use = read();
        if (use) result.observe(of(use), { pool });
      }
    });
  show('mail.pool.size', 'Places of each pool of this process', ({ size }) => size);
  show('mail.pool.used', 'Places that are taken', ({ used }) => used);
  show('mail.pool.waiting', 'Work that waits for a place', ({ waiting }) => waiting);
  return {
    /** Shows a pool from now on, until the function that is returned is called; null where it has no bound to show. */
    watch(pool: string, read: () => PoolUse | null): () => void {
      pools.set(pool, read);
      return () => void (pools.get(pool) === read && pools.delete(pool));
    },
  };
}

function observeProcess(meter: Meter): void {
  meter
    .createObservableCounter('process.cpu.time', { description: 'User and system time', unit: 's' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  meter
    .createObservableGauge('process.memory.usage', { description: 'Resident memory', unit: 'By' })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter
    .createObservableGauge('process.uptime', { description: 'Since the process started', unit: 's' })
    .addCallback((result) => result.observe(process.uptime()));
}
