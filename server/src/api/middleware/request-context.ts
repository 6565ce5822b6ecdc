import type { Claim } from '../../lib/idempotency/claim.ts';
import { continueTrace, parseTraceparent, type TraceContext } from '../../lib/telemetry/trace-context.ts';
import type { Identity } from './authenticate.ts';

/** What is known of a request from its first moment. */
export type RequestContext = {
  readonly requestId: string;
  readonly trace: TraceContext;
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

/** The request's context, made at the first call. */
export function contextOf(request: Request): RequestContext {
  const known = contexts.get(request);
  if (known) return known;
  const ownId = request.headers.get('x-request-id');
  const context: RequestContext = {
    requestId: ownId !== null && SANE_REQUEST_ID.test(ownId) ? ownId : Bun.randomUUIDv7(),
    trace: continueTrace(parseTraceparent(request.headers.get('traceparent'))),
    startedAt: performance.now(),
    headers: {},
    identity: null,
    claim: null,
    bodyBytes: 0,
  };
  contexts.set(request, context);
  return context;
}
