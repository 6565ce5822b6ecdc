import {
  type Context,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer as OtelTracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { randomBytes } from 'node:crypto';
import type { TraceContext } from './trace-context.ts';
import { createSilentSpan, type Span, type SpanFacts, type SpanRole, type Tracer } from './tracer.ts';

const KINDS: Readonly<Record<SpanRole, SpanKind>> = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  producer: SpanKind.PRODUCER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
};

/** Makes ids for the SDK; the next root span can be given the trace that it belongs to. */
export type TraceIds = {
  generateTraceId(): string;
  generateSpanId(): string;
  /** Has the root span that `begin` begins take this trace's id. */
  within<T>(traceId: string, begin: () => T): T;
};

/**
 * The SDK has no other way to begin a root span in a trace that exists; a made-up parent would be missing in every view of the
 * trace, and would take the decision whether to sample it away from the sampler.
 */
export function createTraceIds(): TraceIds {
  let next: string | null = null;
  return {
    generateTraceId: () => next ?? randomBytes(16).toString('hex'),
    generateSpanId: () => randomBytes(8).toString('hex'),
    within(traceId, begin) {
      next = traceId;
      try {
        return begin();
      } finally {
        next = null;
      }
    },
  };
}

/** The tracer on an OpenTelemetry provider that takes its ids from `ids`. */
export function createOtelTracer(provider: TracerProvider, ids: TraceIds): Tracer {
  const tracer = provider.getTracer('mail-service');
  return {
    isOn: true,
    enter: (name, { parent, ...facts }) =>
      start(tracer, name, facts, parent ? toContext(parent) : ROOT_CONTEXT),
    resume: (name, { traceId, ...facts }) =>
      ids.within(traceId, () => start(tracer, name, facts, ROOT_CONTEXT)),
  };
}

function toContext({ traceId, spanId, isSampled }: TraceContext): Context {
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function start(
  tracer: OtelTracer,
  name: string,
  { role = 'internal', attributes = {} }: SpanFacts,
  parent: Context,
): Span {
  const span = tracer.startSpan(name, { kind: KINDS[role], attributes }, parent);
  const { traceId, spanId, traceFlags } = span.spanContext();
  const place = { traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
  // What is not sampled has no children either: they would be built only to be thrown away.
  return span.isRecording() ? createRecordingSpan(tracer, span, place) : createSilentSpan(place);
}

function createRecordingSpan(tracer: OtelTracer, span: OtelSpan, place: TraceContext): Span {
  return {
    ...place,
    child: (name, facts = {}) => start(tracer, name, facts, trace.setSpan(ROOT_CONTEXT, span)),
    set: (attributes) => void span.setAttributes(attributes),
    rename: (name) => void span.updateName(name),
    end(failure = null) {
      if (failure !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
      span.end();
    },
  };
}
