import { randomBytes } from 'node:crypto';

/** Where a piece of work stands in a distributed trace (W3C Trace Context). Ids are lower-case hex. */
export type TraceContext = { traceId: string; spanId: string; isSampled: boolean };

/** W3C Trace Context §3.2.2: version 00, trace-id, parent-id, flags. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent`; null where it is absent or invalid, so that a new trace is started (§2.3). */
export function parseTraceparent(text: string | null | undefined): TraceContext | null {
  const match = text ? TRACEPARENT.exec(text) : null;
  if (!match) return null;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const SPAN_BYTES = 8;
const TRACE_BYTES = 16;

/** A child of the given context, or the root of a new trace. */
export function continueTrace(parent: TraceContext | null): TraceContext {
  // Both ids from one call: asking for random bytes costs more than the bytes.
  const fresh = randomBytes(parent ? SPAN_BYTES : SPAN_BYTES + TRACE_BYTES).toString('hex');
  return {
    traceId: parent?.traceId ?? fresh.slice(SPAN_BYTES * 2),
    spanId: fresh.slice(0, SPAN_BYTES * 2),
    isSampled: parent?.isSampled ?? false,
  };
}

/** The header and job-data form of a context. */
export function toTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}
