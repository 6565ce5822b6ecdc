import { type Counter, type Histogram, type MeterProvider, metrics as api } from '@opentelemetry/api';

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
  return {
    accepted: counter('mail.accepted', 'Messages answered with 202'),
    ended: counter('mail.ended', 'Messages by the status they were left in after an attempt'),
    reconciled: counter('mail.reconciled', 'Unfinished messages that were offered to the queue again'),
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
    sandboxKills: counter('mail.sandbox.kills', 'Sandbox processes killed, by reason'),
    requestMs: durationMs('mail.api.request', 'API request duration by route and status'),
    compileMs: durationMs('mail.template.compile', 'Compile duration'),
    renderMs: durationMs('mail.template.render', 'Render duration including the round trip to the sandbox'),
    providerMs: durationMs('mail.provider.send', 'Duration of a hand-over to a provider'),
    queueWaitMs: durationMs('mail.queue.wait', 'From accepted to picked up by a worker'),
  };
}
