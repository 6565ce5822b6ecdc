import { describe, expect, test } from 'bun:test';
import { trace } from '@opentelemetry/api';
import { createTraceIds } from './otel-tracer.ts';
import { toTraceparent } from './trace-context.ts';
import { createSilentSpan, enterEach, inSpan, SILENT_TRACER, type Span } from './tracer.ts';

const PLACE = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true };

function recorded() {
  const told: string[] = [];
  const span: Span = {
    ...createSilentSpan(PLACE),
    child: (name) => ({
      ...createSilentSpan(PLACE),
      end: (failure = null) => void told.push(`${name} ${failure ?? 'ok'}`),
    }),
  };
  return { span, told };
}

describe('places in a trace', () => {
  test('without an exporter a request has a place of its own in the trace of its caller', () => {
    const span = SILENT_TRACER.enter('GET', { role: 'server', parent: PLACE });
    expect(span).toMatchObject({ traceId: PLACE.traceId, isSampled: true });
    expect(span.spanId).not.toBe(PLACE.spanId);
    expect(trace.isSpanContextValid({ ...span, traceFlags: 1 })).toBe(true);
    expect(toTraceparent(span)).toMatch(/^00-a{32}-[0-9a-f]{16}-01$/);
    expect(span.child('inside')).toBe(span);
  });

  test('a trace goes on by its id alone', () => {
    const span = SILENT_TRACER.resume('mail.due', { traceId: PLACE.traceId });
    expect(span.traceId).toBe(PLACE.traceId);
    expect(trace.isSpanContextValid({ ...span, traceFlags: 0 })).toBe(true);
  });

  test('only the root that is begun within a trace takes its id', () => {
    const ids = createTraceIds();
    expect(ids.within(PLACE.traceId, () => ids.generateTraceId())).toBe(PLACE.traceId);
    expect(ids.generateTraceId()).not.toBe(PLACE.traceId);
    const fail = () => {
      throw new Error('no span');
    };
    expect(() => ids.within(PLACE.traceId, fail)).toThrow('no span');
    expect(ids.generateTraceId()).not.toBe(PLACE.traceId);
  });

  test('work that throws ends its span by the name of the error, never by its text', async () => {
    const { span, told } = recorded();
    expect(await inSpan(span, 'mail.render', async () => 1)).toBe(1);
    const fail = async () => {
      throw new TypeError('ada@example.net');
    };
    await expect(inSpan(span, 'mail.render', fail)).rejects.toThrow(TypeError);
    expect(told).toEqual(['mail.render ok', 'mail.render TypeError']);
  });

  test('jobs of a batch cost nothing where nobody listens', () => {
    const begun: string[] = [];
    const tracer = {
      ...SILENT_TRACER,
      enter: (name: string) => {
        begun.push(name);
        return createSilentSpan(PLACE);
      },
    };
    enterEach(tracer, 'mail.enqueue', [{ traceparent: '' }])();
    expect(begun).toEqual([]);
    enterEach({ ...tracer, isOn: true }, 'mail.enqueue', [{ traceparent: '' }])();
    expect(begun).toEqual(['mail.enqueue']);
  });
});
