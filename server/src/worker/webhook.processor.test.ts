import { describe, expect, test } from 'bun:test';
import { toVerdict } from './webhook.processor.ts';

const DELAYS = [10, 20];

describe('what follows from an answer', () => {
  test.each([200, 201, 204, 299])('%d delivers', (statusCode) =>
    expect(toVerdict({ statusCode }, 1, DELAYS)).toEqual({ kind: 'delivered' }),
  );

  test.each([null, 100, 199, 300, 301, 400, 404, 429, 500])(
    '%p is tried again as scheduled',
    (statusCode) => {
      expect(toVerdict({ statusCode }, 1, DELAYS)).toEqual({ kind: 'retry', delayMs: 10 });
      expect(toVerdict({ statusCode }, 2, DELAYS)).toEqual({ kind: 'retry', delayMs: 20 });
      expect(toVerdict({ statusCode }, 3, DELAYS)).toEqual({ kind: 'exhausted' });
    },
  );

  test('410 is the end, at any attempt', () => {
    for (const attempt of [1, 3])
      expect(toVerdict({ statusCode: 410 }, attempt, DELAYS)).toEqual({ kind: 'gone' });
  });
});
