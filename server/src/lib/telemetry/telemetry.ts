import type { Logger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { SILENT_TRACER, type Tracer } from './tracer.ts';

export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc';

/** What of a process is told to others. Everything finer is the SDK's own, by the standard's OTEL_* variables. */
export type TelemetrySettings = {
  /** Its default name among services; OTEL_SERVICE_NAME comes before it. */
  serviceName: string;
  isTracing: boolean;
  /** True where somebody may read /metrics. */
  isScraped: boolean;
  /** Null where metrics are not sent anywhere. */
  metricsExport: { protocol: OtlpProtocol; intervalMs: number } | null;
};

/** Gives the metrics as Prometheus reads them. */
export type Scrape = () => Promise<string>;

/** What a process measures with, and how that is read. */
export type Telemetry = {
  metrics: Metrics;
  tracer: Tracer;
  /** False where nobody reads the metrics: then what is looked up for them alone can be left out. */
  isMeasured: boolean;
  /** Null where nobody may read it. */
  scrape: Scrape | null;
  /** Sends what is left, within a few seconds. */
  stop(): Promise<void>;
};

/** Measures nothing, and costs next to nothing. */
export function createSilentTelemetry(): Telemetry {
  return {
    metrics: createMetrics(),
    tracer: SILENT_TRACER,
    isMeasured: false,
    scrape: null,
    stop: async () => {},
  };
}

/** Starts what the settings ask for. The SDK takes 40 MB and a quarter of a second: it is loaded only where it is asked for. */
export async function startTelemetry(settings: TelemetrySettings, logger: Logger): Promise<Telemetry> {
  const { isTracing, isScraped, metricsExport } = settings;
  if (!isTracing && !isScraped && metricsExport === null) return createSilentTelemetry();
  const { startSdk } = await import('./sdk.ts');
  return startSdk(settings, logger);
}
