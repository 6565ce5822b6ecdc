import { describe, expect, test } from 'bun:test';
import { maskText } from './mask-text.ts';

describe('texts in the log', () => {
  test.each([
    ['550 <ada@example.net> unknown', '550 <[redacted]@example.net> unknown'],
    ["o'hara+x@mail.example.com, b@c.example", '[redacted]@mail.example.com, [redacted]@c.example'],
    ['cannot reach postgres://mail:hunter2@db:5432/mail', 'cannot reach postgres://[redacted]@db:5432/mail'],
    ['redis://:hunter2@redis:6379', 'redis://[redacted]@redis:6379'],
    ['key mk_live_abc123_s-e_cret0 is wrong', 'key mk_live_abc123_[redacted] is wrong'],
    ['connection refused at 10.0.0.1:25', 'connection refused at 10.0.0.1:25'],
    ['', ''],
  ])('%j becomes %j', (text, masked) => {
    expect(maskText(text)).toBe(masked);
  });

  test('a long text takes no longer than its length', () => {
    const text = `${'a'.repeat(200_000)} ${'x:'.repeat(100_000)}`;
    expect(maskText(text)).toBe(text);
  });
});
