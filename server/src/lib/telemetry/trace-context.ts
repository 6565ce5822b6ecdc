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

/** A child of the given context, or the root of a new trace. */
export function continueTrace(parent: TraceContext | null): TraceContext {
  return {
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    isSampled: parent?.isSampled ?? false,
  };
}

/** The header and job-data form of a context. */
export function toTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}
