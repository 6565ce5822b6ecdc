import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { findProgram, isAvailable, judgeRequirement } from './requires.ts';

test('a missing server is skipped with its name on a laptop', () => {
  expect(judgeRequirement(['redis-server'], false)).toEqual({ kind: 'skip', reason: 'needs redis-server' });
});

test('a missing server fails in CI', () => {
  expect(judgeRequirement(['postgres', 'redis-server'], true).kind).toBe('fail');
});

test('nothing missing is met everywhere', () => {
  expect(judgeRequirement([], true)).toEqual({ kind: 'met' });
  expect(judgeRequirement([], false)).toEqual({ kind: 'met' });
});

test('what is available has a path that exists', () => {
  const path = findProgram('postgres');
  expect(isAvailable('postgres')).toBe(path !== null);
  if (path) expect(existsSync(path)).toBe(true);
});
