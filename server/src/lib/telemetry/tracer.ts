import type { Attributes } from '@opentelemetry/api';
import { continueTrace, parseTraceparent, type TraceContext } from './trace-context.ts';

/** What a span stands for, in the words of OpenTelemetry. */
export type SpanRole = 'server' | 'consumer' | 'producer' | 'client' | 'internal';

/** What is known of a span when it begins. Never what a message says: spans leave the machine. */
export type SpanFacts = { role?: SpanRole; attributes?: Attributes };

/** A piece of work within a trace, and the place in it from which others go on. */
export type Span = Readonly<TraceContext> & {
  child(name: string, facts?: SpanFacts): Span;
  set(attributes: Attributes): void;
  rename(name: string): void;
  /** Ends it, as a failure where one is named: by its kind, never in words that may quote somebody's mail. */
  end(failure?: string | null): void;
};

/**
 * Where spans begin. Their places are handed on explicitly: following asynchronous calls instead would cost every request, and
 * a batch works for many traces at once.
 */
export type Tracer = {
  /** False where nobody listens: then what is done for spans alone can be left out. */
  readonly isOn: boolean;
  /** Begins this process's part of a trace; without a parent, a new trace. */
  enter(name: string, facts: SpanFacts & { parent: TraceContext | null }): Span;
  /** Goes on with a trace of which no place is left but its id. It is sampled as if it began here, by its id. */
  resume(name: string, facts: SpanFacts & { traceId: string }): Span;
};

const nothing = () => {};

/** A span that nobody sees. */
export function createSilentSpan(place: TraceContext): Span {
  const span: Span = { ...place, child: () => span, set: nothing, rename: nothing, end: nothing };
  return span;
}

/** The tracer of a process without an exporter: places have ids all the same, for logs, rows and whoever comes after. */
export const SILENT_TRACER: Tracer = {
  isOn: false,
  enter(_name, { parent, role }) {
    // A job's place is told to nobody else: it needs no id of its own.
    return createSilentSpan(parent && role === 'consumer' ? parent : continueTrace(parent));
  },
  resume(_name, { traceId }) {
    return createSilentSpan(continueTrace({ traceId, spanId: '', isSampled: false }));
  },
};

/** Does a piece of work as a child of a span; what it throws ends the child as a failure, by its name. */
export async function inSpan<T>(
  parent: Span,
  name: string,
  work: (span: Span) => Promise<T>,
  facts?: SpanFacts,
): Promise<T> {
  const span = parent.child(name, facts);
  try {
    const result = await work(span);
    span.end();
    return result;
  } catch (error) {
    span.end(error instanceof Error ? error.name : 'error');
    throw error;
  }
}

/**
 * Begins a producer's span in the trace of each job of a batch.
 *
 * @returns what ends them all
 */
export function enterEach(
  tracer: Tracer,
  name: string,
  jobs: readonly { traceparent: string }[],
): (failure?: string) => void {
  if (!tracer.isOn) return nothing;
  const spans = jobs.map(({ traceparent }) =>
    tracer.enter(name, { role: 'producer', parent: parseTraceparent(traceparent) }),
  );
  return (failure) => {
    for (const span of spans) span.end(failure);
  };
}

/** Goes on with a trace by a short span that says what brought it back, and gives the place for what follows. */
export function resumeOnce(tracer: Tracer, name: string, traceId: string): TraceContext {
  const span = tracer.resume(name, { traceId, role: 'producer' });
  span.end();
  return span;
}
