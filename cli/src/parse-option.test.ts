import { expect, test } from 'bun:test';
import { parseDurationMs, parsePairs, parsePast, parseTime, parseWhole } from './parse-option.ts';

const now = () => Date.UTC(2026, 0, 1);

test('times are absolute, or from now', () => {
  expect(parseTime('2026-12-24T08:00:00Z', '--at', now)).toBe('2026-12-24T08:00:00.000Z');
  expect(parseTime('90m', '--at', now)).toBe('2026-01-01T01:30:00.000Z');
  expect(parseTime('+1d', '--at', now)).toBe('2026-01-02T00:00:00.000Z');
  expect(parsePast('2h', '--since', now)).toBe('2025-12-31T22:00:00.000Z');
  expect(parsePast('2026-01-01', '--since', now)).toBe('2026-01-01T00:00:00.000Z');
});

test.each(['', 'soon', '5', '1w', '2026-13-01', '08:00'])('%p is no time', (text) => {
  expect(() => parseTime(text, '--at', now)).toThrow('--at needs a time');
});

test('durations, whole numbers and pairs', () => {
  expect(parseDurationMs('30s', '--timeout')).toBe(30_000);
  expect(() => parseDurationMs('30', '--timeout')).toThrow('duration');
  expect(parseWhole('5', '--limit', { maximum: 5 })).toBe(5);
  for (const text of ['6', '0', '-1', '1.5', '1e3', '']) {
    expect(() => parseWhole(text, '--limit', { maximum: 5 })).toThrow('whole number from 1 to 5');
  }
  expect(parsePairs(['a=1', 'b=x=y', 'c='], '--tag')).toEqual({ a: '1', b: 'x=y', c: '' });
  expect(parsePairs(undefined, '--tag')).toBeUndefined();
  expect(() => parsePairs(['=1'], '--tag')).toThrow('name=value');
});
