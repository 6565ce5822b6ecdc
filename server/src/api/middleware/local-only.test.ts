import { describe, expect, test } from 'bun:test';
import { ApiError } from '../problems/problem.ts';
import { assertLocal } from './local-only.ts';

function codeFor(headers: Record<string, string>): string {
  try {
    assertLocal(new Request('http://127.0.0.1:3025/v1/messages', { headers }));
    return 'allowed';
  } catch (error) {
    return error instanceof ApiError ? error.code : 'unexpected';
  }
}

describe('the DEV role answers loopback only', () => {
  test.each(['localhost:3025', 'LOCALHOST', '127.0.0.1:3025', '[::1]:3025'])('answers %s', (host) => {
    expect(codeFor({ host })).toBe('allowed');
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.5:3025',
    '',
    'evil.example@localhost',
    'a b',
  ])('refuses the host %j', (host) => {
    expect(codeFor({ host })).toBe('host_not_allowed');
  });

  test.each(['http://evil.example', 'null', 'http://localhost:9999', 'https://localhost:3025'])(
    'refuses the origin %s',
    (origin) => {
      expect(codeFor({ host: 'localhost:3025', origin })).toBe('origin_not_allowed');
    },
  );

  test('answers a page of its own', () => {
    expect(codeFor({ host: 'localhost:3025', origin: 'http://localhost:3025' })).toBe('allowed');
  });
});
