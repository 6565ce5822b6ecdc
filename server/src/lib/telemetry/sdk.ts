import { diag, DiagLogLevel, type MeterProvider as MeterApi, trace } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { MeterProvider, type MetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { settlesWithin } from '../time-limit.ts';
import type { Logger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { createOtelTracer, createTraceIds } from './otel-tracer.ts';
import { toPrometheusText } from './prometheus-text.ts';
import type { OtlpProtocol, Scrape, Telemetry, TelemetrySettings } from './telemetry.ts';
import { SILENT_TRACER, type Tracer } from './tracer.ts';

/** A collector that is away must not keep a process from ending. */
const STOP_TIMEOUT_MS = 3000;

/** Starts the parts of the OpenTelemetry SDK that are asked for. */
export async function startSdk(settings: TelemetrySettings, logger: Logger): Promise<Telemetry> {
  reportProblems(logger);
  const resource = createResource(settings);
  const measuring = await startMetrics(settings, resource);
  const tracing = settings.isTracing ? await startTraces(resource) : null;
  return {
    metrics: createMetrics(measuring.provider),
    tracer: tracing?.tracer ?? SILENT_TRACER,
    isMeasured: settings.isScraped || settings.metricsExport !== null,
    scrape: measuring.scrape,
    async stop() {
      const stopping = Promise.allSettled([tracing?.stop(), measuring.stop()]);
      if (!(await settlesWithin(STOP_TIMEOUT_MS, stopping)))
        logger.warn('the last spans and metrics could not be sent in time');
    },
  };
}

/** A collector that is away is a problem with each batch: once in this time is enough. */
const PROBLEM_EVERY_MS = 10_000;

/** What the SDK has to say, a collector that is away say, goes where everything else is logged. */
function reportProblems(logger: Logger, now: () => number = () => performance.now()): void {
  let nextAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  const report = (problem: string) => {
    if (now() < nextAt) {
      leftOut += 1;
      return;
    }
    logger.warn({ problem, left_out: leftOut }, 'telemetry could not be sent as it should be');
    nextAt = now() + PROBLEM_EVERY_MS;
    leftOut = 0;
  };
  const leaveOut = () => {};
  const log = { error: report, warn: report, info: leaveOut, debug: leaveOut, verbose: leaveOut };
  diag.setLogger(log, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

/** Without the detector of processes: command lines and owners tell nobody anything about mail. */
function createResource({ serviceName }: TelemetrySettings): Resource {
  const detectors = [serviceInstanceIdDetector, hostDetector, envDetector];
  return defaultResource()
    .merge(resourceFromAttributes({ 'service.name': serviceName }))
    .merge(detectResources({ detectors }));
}

type Measuring = { provider: MeterApi; scrape: Scrape | null; stop(): Promise<void> };

async function startMetrics(
  { isScraped, metricsExport }: TelemetrySettings,
  resource: Resource,
): Promise<Measuring> {
  const prometheus = isScraped ? new PrometheusExporter({ preventServerStart: true }) : null;
  const readers: MetricReader[] = prometheus ? [prometheus] : [];
  if (metricsExport) readers.push(await createOtlpReader(metricsExport));
  const provider = new MeterProvider({ resource, readers });
  return {
    provider,
    scrape: prometheus && (async () => toPrometheusText((await prometheus.collect()).resourceMetrics)),
    stop: () => provider.shutdown(),
  };
}

async function createOtlpReader({
  protocol,
  intervalMs,
}: NonNullable<TelemetrySettings['metricsExport']>): Promise<MetricReader> {
  return new PeriodicExportingMetricReader({
    exporter: await createMetricExporter(protocol),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(intervalMs, 30_000),
  });
}

/** Where they send, and with which headers, they read from the environment by themselves. */
async function createMetricExporter(protocol: OtlpProtocol) {
  switch (protocol) {
    case 'http/protobuf': {
      const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
      return new OTLPMetricExporter();
    }
    case 'http/json': {
      const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-http');
      return new OTLPMetricExporter();
    }
    case 'grpc': {
      const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-grpc');
      return new OTLPMetricExporter();
    }
  }
}

/** The SDK for Node reads sampler, limits, batches and exporters from the environment. */
async function startTraces(resource: Resource): Promise<{ tracer: Tracer; stop(): Promise<void> }> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const ids = createTraceIds();
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    idGenerator: ids,
    metricReaders: [],
    logRecordProcessors: [],
    // Over the wire places are handed on as `traceparent`, by ourselves.
    textMapPropagator: null,
  });
  sdk.start();
  return { tracer: createOtelTracer(trace.getTracerProvider(), ids), stop: () => sdk.shutdown() };
}
