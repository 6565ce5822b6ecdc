import { expect, test } from 'bun:test';
import { toRedactedProps } from './redacted-props.ts';

test('the values of keys that name a secret are not shown, however deep', () => {
  const props = {
    name: 'Ada',
    password: 'x',
    resetToken: 'x',
    API_KEY: { whole: 'x' },
    list: [{ otp: 1, code: 'SALE10' }],
    tokenExpiresAt: '2026-01-01',
    pinned: true,
  };
  expect(toRedactedProps(JSON.stringify(props))).toEqual({
    name: 'Ada',
    password: '[redacted]',
    resetToken: '[redacted]',
    API_KEY: '[redacted]',
    list: [{ otp: '[redacted]', code: 'SALE10' }],
    tokenExpiresAt: '2026-01-01',
    pinned: true,
  });
});

test('without props, or with those of removed content, there is nothing to show', () => {
  expect(toRedactedProps(null)).toBeNull();
  expect(toRedactedProps('null')).toBeNull();
});
