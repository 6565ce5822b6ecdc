import {
  type Counter,
  type Gauge,
  type Histogram,
  type MeterProvider,
  metrics as api,
} from '@opentelemetry/api';

/** Every instrument of the service, created once a process; durations are in milliseconds. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Creates the closed set of instruments on the given provider. Without one the API's no-op provider answers, so
 * that measuring costs next to nothing until an exporter is configured.
 */
export function createMetrics(provider: MeterProvider = api.getMeterProvider()) {
  const meter = provider.getMeter('mail-service');
  const counter = (name: string, description: string): Counter => meter.createCounter(name, { description });
  const durationMs = (name: string, description: string): Histogram =>
    meter.createHistogram(name, { description, unit: 'ms' });
  const gauge = (name: string, description: string, unit?: string): Gauge =>
    meter.createGauge(name, { description, ...(unit && { unit }) });
  return {
    accepted: counter('mail.accepted', 'Messages answered with 202'),
    refused: counter('mail.refused', 'Requests not taken under load, by reason'),
    replayed: counter('mail.replayed', 'Requests answered from an earlier one with the same idempotency key'),
    enqueueFailed: counter('mail.enqueue.failed', 'Accepted messages that the queue did not take at once'),
    queueReachable: meter.createGauge('mail.queue.reachable', {
      description: '1 while the queue answers, else 0',
    }),
    ended: counter('mail.ended', 'Messages by the status they were left in after an attempt'),
    reconcilerChecked: counter(
      'mail.reconciler.checked',
      'Unfinished messages that were held against the queue',
    ),
    reconcilerRequeued: counter('mail.reconciler.requeued', 'Messages without a job that were given one'),
    reconcilerPromoted: counter('mail.reconciler.promoted', 'Scheduled messages whose time had come'),
    queueDepth: gauge('mail.queue.depth', 'Jobs in the queue, by state: waiting, delayed, active'),
    oldestQueuedMs: gauge('mail.queue.oldest', 'How long the first message in line has waited', 'ms'),
    providerResults: counter('mail.provider.results', 'Hand-overs by provider and kind of result'),
    providerEvents: counter(
      'mail.provider.events',
      'Events that providers told, by provider and what became of them',
    ),
    breakerChanges: counter('mail.breaker.changes', 'Changes of circuit breakers, by provider and new state'),
    breakerState: meter.createObservableGauge('mail.breaker.state', {
      description: 'Circuit breaker of each provider in this process: 0 closed, 1 half-open, 2 open',
    }),
    failovers: counter('mail.failovers', 'Messages that went on to another provider, by both'),
    templateLookups: counter('mail.template.lookups', 'Compiled template look-ups by tier and result'),
    templateCompiles: counter('mail.template.compiles', 'Template compilations by result'),
    webhookAttempts: counter('mail.webhook.attempts', 'Webhook requests by what followed from them'),
    webhookPauses: counter('mail.webhook.pauses', 'Webhook endpoints that were given up, by reason'),
    streams: meter.createUpDownCounter('mail.streams', { description: 'Event streams that are open' }),
    renderPaths: counter('mail.template.renders', 'Renders by the way they took; written is the fast one'),
    sandboxKills: counter('mail.sandbox.kills', 'Sandbox processes killed, by reason'),
    requestMs: durationMs('mail.api.request', 'API request duration by route and status'),
    compileMs: durationMs('mail.template.compile', 'Compile duration'),
    renderMs: durationMs('mail.template.render', 'Render duration including the round trip to the sandbox'),
    webhookMs: durationMs('mail.webhook.send', 'Duration of a webhook request'),
    sandboxWaitMs: durationMs(
      'mail.sandbox.wait',
      'What a render waits for a process of its client, where there is none',
    ),
    providerMs: durationMs('mail.provider.send', 'Duration of a hand-over to a provider'),
    queueWaitMs: durationMs('mail.queue.wait', 'From accepted to picked up by a worker'),
  };
}
