import { describe, expect, test } from 'bun:test';
import { createApiKey, hashSecret, isSecretOf, parseApiKey } from './api-key.ts';

describe('API keys', () => {
  test('a made key parses back into its parts, and only its hash is stored', () => {
    for (let i = 0; i < 200; i++) {
      const made = createApiKey(i % 2 === 0 ? 'live' : 'test');
      const parsed = parseApiKey(made.text);
      expect(parsed).toMatchObject({ mode: made.mode, prefix: made.prefix });
      expect(isSecretOf(made.secretHash, parsed?.secret ?? '')).toBe(true);
      expect(made.secretHash).not.toContain(parsed?.secret ?? 'missing');
    }
  });

  test('two keys share nothing', () => {
    const [a, b] = [createApiKey('live'), createApiKey('live')];
    expect(a.prefix).not.toBe(b.prefix);
    expect(a.secretHash).not.toBe(b.secretHash);
  });

  test.each([
    '',
    'mk_live_',
    'mk_prod_abcdefgh_'.padEnd(60, 'x'),
    `${createApiKey('live').text}x`,
    ` ${createApiKey('live').text}`,
  ])('refuses %j', (text) => {
    expect(parseApiKey(text)).toBeNull();
  });

  test('a wrong secret, a shorter hash and an empty hash do not match', () => {
    const hash = hashSecret('right');
    expect(isSecretOf(hash, 'wrong')).toBe(false);
    expect(isSecretOf(hash.slice(2), 'right')).toBe(false);
    expect(isSecretOf('', 'right')).toBe(false);
  });
});
