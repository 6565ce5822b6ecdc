import { describe, expect, test } from 'bun:test';
import { continueTrace, parseTraceparent, toTraceparent } from './trace-context.ts';

const VALID = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('W3C trace context', () => {
  test('reads what it writes', () => {
    const parsed = parseTraceparent(VALID);
    expect(parsed).toEqual({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      isSampled: true,
    });
    expect(parsed && toTraceparent(parsed)).toBe(VALID);
  });

  test('a child keeps trace and sampling, and has a span of its own', () => {
    const child = continueTrace(parseTraceparent(VALID));
    expect(child).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', isSampled: true });
    expect(child.spanId).not.toBe('b7ad6b7169203331');
  });

  test('without a parent a valid new trace begins', () => {
    expect(parseTraceparent(toTraceparent(continueTrace(null)))).not.toBeNull();
  });

  test('a later version may carry more fields', () => {
    expect(parseTraceparent(`01-${VALID.slice(3)}-more`)).not.toBeNull();
  });

  test.each([
    null,
    undefined,
    '',
    VALID.toUpperCase(),
    `${VALID}-more`,
    `ff-${VALID.slice(3)}`,
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
    `${VALID}\r\nx: y`,
  ])('starts anew for %j', (text) => {
    expect(parseTraceparent(text)).toBeNull();
  });
});
