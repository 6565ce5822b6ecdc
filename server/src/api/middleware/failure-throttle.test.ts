import { expect, test } from 'bun:test';
import { ApiError } from '../problems/problem.ts';
import { createFailureThrottle } from './failure-throttle.ts';

function setUp({ perMinute = 3, maxAddresses = 100 } = {}) {
  const clock = { ms: 0 };
  const throttle = createFailureThrottle({ perMinute, maxAddresses, nowMs: () => clock.ms });
  const refusal = (address: string): string | null => {
    try {
      throttle.assertOpen(address);
      return null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return `${error.code} ${error.options.headers?.['retry-after']}`;
    }
  };
  const fail = (address: string, times: number) => {
    for (let n = 0; n < times; n++) throttle.count(address);
  };
  return { clock, refusal, fail };
}

test('is open until the failures of a minute are used up, and for every other address', () => {
  const { refusal, fail } = setUp();
  fail('192.0.2.1', 2);
  expect(refusal('192.0.2.1')).toBeNull();
  fail('192.0.2.1', 1);
  expect(refusal('192.0.2.1')).toBe('too_many_failures 20');
  expect(refusal('192.0.2.2')).toBeNull();
});

test('opens again as time goes by, one failure after the other', () => {
  const { clock, refusal, fail } = setUp();
  fail('192.0.2.1', 30);
  clock.ms = 19_000;
  expect(refusal('192.0.2.1')).toBe('too_many_failures 1');
  clock.ms = 20_000;
  expect(refusal('192.0.2.1')).toBeNull();
  fail('192.0.2.1', 1);
  expect(refusal('192.0.2.1')).toBe('too_many_failures 20');
  clock.ms = 10 * 60_000;
  fail('192.0.2.1', 2);
  expect(refusal('192.0.2.1')).toBeNull();
});

test('remembers as many addresses as it may, the latest of them', () => {
  const { refusal, fail } = setUp({ maxAddresses: 2 });
  fail('192.0.2.1', 3);
  fail('192.0.2.2', 3);
  fail('192.0.2.3', 3);
  expect(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((address) => refusal(address) !== null)).toEqual([
    false,
    true,
    true,
  ]);
});
