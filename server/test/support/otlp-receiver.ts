import { waitFor } from './wait-for.ts';

/** A span as a collector gets it. */
export type ReceivedSpan = {
  service: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  attributes: Record<string, unknown>;
  /** What ended it as a failure; null where it went well. */
  failure: string | null;
};

/** A collector for OTLP over HTTP in JSON, which keeps what it gets. */
export type OtlpReceiver = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Names of the metrics that came, by the service that sent them. */
  metricsOf(service: string): ReadonlySet<string>;
  /** Everything that was posted, as text. */
  bodies(): string;
  /** Resolves with the spans of a trace once the condition is met. */
  waitForTrace(
    traceId: string,
    isWhole: (spans: readonly ReceivedSpan[]) => boolean,
  ): Promise<ReceivedSpan[]>;
  stop(): Promise<void>;
};

export function startOtlpReceiver(): OtlpReceiver {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const metrics = new Map<string, Set<string>>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const bytes = new Uint8Array(await request.arrayBuffer());
      const isPacked = request.headers.get('content-encoding') === 'gzip';
      const text = new TextDecoder().decode(isPacked ? Bun.gunzipSync(bytes) : bytes);
      bodies.push(text);
      const body: unknown = JSON.parse(text);
      spans.push(...readSpans(body));
      for (const { service, name } of readMetrics(body))
        metrics.set(service, (metrics.get(service) ?? new Set()).add(name));
      return Response.json({ partialSuccess: {} });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    spans,
    metricsOf: (service) => metrics.get(service) ?? new Set(),
    bodies: () => bodies.join('\n'),
    waitForTrace: (traceId, isWhole) =>
      waitFor(`the spans of trace ${traceId}`, async () => {
        const found = spans.filter((span) => span.traceId === traceId);
        return isWhole(found) ? found : null;
      }),
    stop: () => server.stop(true),
  };
}

function readSpans(body: unknown): ReceivedSpan[] {
  return listOf(body, 'resourceSpans').flatMap((resource) => {
    const service = serviceOf(resource);
    return listOf(resource, 'scopeSpans').flatMap((scope) =>
      listOf(scope, 'spans').map((span) => toSpan(service, span)),
    );
  });
}

function readMetrics(body: unknown): { service: string; name: string }[] {
  return listOf(body, 'resourceMetrics').flatMap((resource) => {
    const service = serviceOf(resource);
    return listOf(resource, 'scopeMetrics').flatMap((scope) =>
      listOf(scope, 'metrics').map((metric) => ({ service, name: String(member(metric, 'name')) })),
    );
  });
}

function toSpan(service: string, span: unknown): ReceivedSpan {
  const status = member(span, 'status');
  const parent = member(span, 'parentSpanId');
  return {
    service,
    name: String(member(span, 'name')),
    kind: Number(member(span, 'kind')),
    traceId: String(member(span, 'traceId')),
    spanId: String(member(span, 'spanId')),
    parentSpanId: typeof parent === 'string' && parent !== '' ? parent : null,
    attributes: attributesOf(span),
    failure: member(status, 'code') === 2 ? String(member(status, 'message')) : null,
  };
}

function serviceOf(resource: unknown): string {
  return String(attributesOf(member(resource, 'resource'))['service.name']);
}

function attributesOf(holder: unknown): Record<string, unknown> {
  return Object.fromEntries(
    listOf(holder, 'attributes').map((attribute) => {
      const value = member(attribute, 'value');
      const values = typeof value === 'object' && value !== null ? Object.values(value) : [];
      return [String(member(attribute, 'key')), values[0]];
    }),
  );
}

function member(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null) return undefined;
  return Object.entries(holder).find(([key]) => key === name)?.[1];
}

function listOf(holder: unknown, name: string): unknown[] {
  const list = member(holder, name);
  return Array.isArray(list) ? list : [];
}
