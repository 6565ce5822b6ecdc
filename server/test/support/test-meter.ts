import { toPrometheusText } from '../../src/lib/telemetry/prometheus-text.ts';
import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

/** Collects when it is asked, as a scrape does. */
class PullReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A provider whose counters and histograms a test can read. */
export function createTestMeter() {
  const reader = new PullReader();
  const provider = new MeterProvider({ readers: [reader] });
  return {
    provider,
    /** As /metrics shows it. */
    async scrape(): Promise<string> {
      return toPrometheusText((await reader.collect()).resourceMetrics);
    },
    async countOf(counter: string, attributes: Record<string, unknown> = {}): Promise<number> {
      const { resourceMetrics } = await reader.collect();
      const found = resourceMetrics.scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .find(({ descriptor }) => descriptor.name === counter);
      const points: DataPoint<unknown>[] = found?.dataPoints ?? [];
      return points
        .filter((point) =>
          Object.entries(attributes).every(([name, value]) => point.attributes[name] === value),
        )
        .reduce((sum, { value }) => sum + countIn(value), 0);
    },
  };
}

/** A counter's point is its sum; a histogram's says how often something was measured. */
function countIn(value: unknown): number {
  if (typeof value === 'number') return value;
  const isHistogram = typeof value === 'object' && value !== null && 'count' in value;
  return isHistogram && typeof value.count === 'number' ? value.count : 0;
}
