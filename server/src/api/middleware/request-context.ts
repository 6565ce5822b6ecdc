import type { Claim } from '../../lib/idempotency/claim.ts';
import { parseTraceparent } from '../../lib/telemetry/trace-context.ts';
import { SILENT_TRACER, type Span, type Tracer } from '../../lib/telemetry/tracer.ts';
import type { Identity } from './authenticate.ts';

/** What is known of a request from its first moment. */
export type RequestContext = {
  readonly requestId: string;
  /** The whole of the request; ends when it was answered. */
  readonly trace: Span;
  readonly startedAt: number;
  /** Headers of the answer, whether it will be a good one or a problem. */
  readonly headers: Record<string, string>;
  /** Asked for by every hook and handler that acts for the caller, found once. */
  identity: Promise<Identity> | null;
  /** Set where the caller sent an idempotency key. */
  claim: Claim | null;
  /** What the request's body holds of the memory for all bodies. */
  bodyBytes: number;
};

/** A caller's own id is kept where it cannot disturb logs or headers. */
const SANE_REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

// Keyed by the request itself, so that hooks and handlers share it whatever the framework does with its own context.
const contexts = new WeakMap<Request, RequestContext>();

/** The request's context, made at the first call, which says where its span begins. */
export function contextOf(request: Request, tracer: Tracer = SILENT_TRACER): RequestContext {
  const known = contexts.get(request);
  if (known) return known;
  const ownId = request.headers.get('x-request-id');
  const context: RequestContext = {
    requestId: ownId !== null && SANE_REQUEST_ID.test(ownId) ? ownId : Bun.randomUUIDv7(),
    trace: tracer.enter(request.method, {
      role: 'server',
      parent: parseTraceparent(request.headers.get('traceparent')),
    }),
    startedAt: performance.now(),
    headers: {},
    identity: null,
    claim: null,
    bodyBytes: 0,
  };
  contexts.set(request, context);
  return context;
}

/** What every line of the log says about a request that it belongs to. */
export function idsOf(request: Request): { request_id: string; trace_id: string } {
  const { requestId, trace } = contextOf(request);
  return { request_id: requestId, trace_id: trace.traceId };
}
