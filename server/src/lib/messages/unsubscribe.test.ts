import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import {
  createUnsubscribeSecret,
  isUnsubscribeSecret,
  parseUnsubscribeToken,
  unsubscribeUrl,
} from './unsubscribe.ts';

test('the link names its message and proves it', () => {
  const messageId = Bun.randomUUIDv7();
  const secret = createUnsubscribeSecret(randomBytes);
  const url = unsubscribeUrl({ publicUrl: 'https://mail.example.com/', messageId, secret });
  expect(url).toMatch(/^https:\/\/mail\.example\.com\/u\/[A-Za-z0-9_-]{43}$/);
  const token = url.slice(url.lastIndexOf('/') + 1);
  expect(parseUnsubscribeToken(token)).toEqual({ messageId, secret });
});

test.each(['', 'x', 'A'.repeat(42), `${'A'.repeat(43)}=`, `${'A'.repeat(42)}B`, `${'A'.repeat(42)}!`])(
  'reads nothing from %j',
  (text) => {
    expect(parseUnsubscribeToken(text)).toBeNull();
  },
);

test('another secret is not this one', () => {
  const secret = createUnsubscribeSecret(randomBytes);
  expect(isUnsubscribeSecret(secret, secret)).toBe(true);
  expect(isUnsubscribeSecret(secret, createUnsubscribeSecret(randomBytes))).toBe(false);
  expect(isUnsubscribeSecret(secret, '')).toBe(false);
});
