import { describe, expect, test } from 'bun:test';
import { parseTargetUrl } from './target.ts';

const PUBLIC = { allowHttp: false, allowPrivate: false };

describe('URLs of webhooks', () => {
  test.each([
    'https://example.com/hooks?x=1',
    'https://EXAMPLE.com.',
    'https://hooks.example.co.uk:8443/',
    'https://bücher.example/hooks',
    'https://1.1.1.1/',
    'https://[2606:4700::1111]/',
  ])('takes %s', (url) => expect(parseTargetUrl(url, PUBLIC).ok).toBe(true));

  test.each([
    ['', 'no URL'],
    ['example.com', 'no URL'],
    ['//example.com', 'no scheme'],
    ['http://example.com', 'plain'],
    ['ftp://example.com', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['https://user@example.com', 'user'],
    ['https://user:pass@example.com', 'password'],
    ['https://:pass@example.com', 'password'],
    ['https://example.com/#x', 'fragment'],
    ['https://example.com:22', 'port'],
    ['https://example.com:6379', 'port'],
    ['https://example.com:80', 'port'],
    [`https://example.com/${'x'.repeat(3000)}`, 'length'],
    ['https://localhost', 'own name'],
    ['https://localhost.', 'own name'],
    ['https://a.localhost', 'own name'],
    ['https://printer.local', 'local name'],
    ['https://metadata.google.internal', 'metadata'],
    ['https://redis', 'single label'],
    ['https://redis.', 'single label'],
    ['https://127.0.0.1', 'loopback'],
    ['https://127.1', 'short form'],
    ['https://2130706433', 'number'],
    ['https://0x7f000001', 'hexadecimal'],
    ['https://0177.0.0.1', 'octal'],
    ['https://①②⑦.0.0.1', 'fullwidth'],
    ['https://169.254.169.254/latest/meta-data', 'metadata'],
    ['https://[::1]', 'loopback'],
    ['https://[::ffff:127.0.0.1]', 'mapped'],
    ['https://[fd00:ec2::254]', 'metadata'],
    ['https://[::]', 'unspecified'],
    ['https://0.0.0.0', 'unspecified'],
  ])('refuses %s (%s)', (url) => expect(parseTargetUrl(url, PUBLIC).ok).toBe(false));

  test('what is for development is allowed one by one', () => {
    const isOk = (url: string, policy: Partial<typeof PUBLIC>) =>
      parseTargetUrl(url, { ...PUBLIC, ...policy }).ok;
    expect(isOk('http://example.com', { allowHttp: true })).toBe(true);
    expect(isOk('http://example.com:8080', { allowHttp: true })).toBe(true);
    expect(isOk('http://127.0.0.1:3000', { allowHttp: true })).toBe(false);
    expect(isOk('http://127.0.0.1:3000', { allowPrivate: true })).toBe(false);
    expect(isOk('https://127.0.0.1:3000', { allowPrivate: true })).toBe(true);
    expect(isOk('http://localhost:3000', { allowHttp: true, allowPrivate: true })).toBe(true);
    expect(isOk('http://a:b@localhost', { allowHttp: true, allowPrivate: true })).toBe(false);
  });
});
