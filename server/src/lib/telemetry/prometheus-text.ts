import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';

/** How a unit is written at the end of a name (https://prometheus.io/docs/practices/naming/). */
const SUFFIXES: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

const serializer = new PrometheusSerializer('', false, undefined, false, true);

/**
 * Writes what was collected as Prometheus reads it. The serializer leaves units out of names, against the convention and unlike the
 * OpenTelemetry collector: with them a series has one name, whichever way it came.
 */
export function toPrometheusText({ resource, scopeMetrics }: ResourceMetrics): string {
  return serializer.serialize({
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map(withUnit) })),
  });
}

function withUnit(metric: MetricData): MetricData {
  const { descriptor } = metric;
  const name = `${descriptor.name}${SUFFIXES[descriptor.unit] ?? ''}`;
  // Without the unit, which would become a comment that other formats read as a rule about the name.
  return { ...metric, descriptor: { ...descriptor, name, unit: '' } };
}
