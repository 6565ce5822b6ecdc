import { describe, expect, test } from 'bun:test';
import { parseRedisUrl } from './redis-address.ts';

describe('the address of Redis', () => {
  test.each(['redis://127.0.0.1:6379/3', 'rediss://user:pass@cache.example.com'])(
    '%s is one server',
    (url) => {
      expect(parseRedisUrl(url)).toEqual({ kind: 'single', url });
    },
  );

  test('names sentinels, their master and its database', () => {
    expect(parseRedisUrl('rediss+sentinel://u:p%40ss@a:1,b,[::1]:3/main/2?sentinelPassword=x')).toEqual({
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
        { host: '::1', port: 3 },
      ],
      name: 'main',
      db: 2,
      login: { username: 'u', password: 'p@ss' },
      sentinelPassword: 'x',
      isTls: true,
    });
  });

  test('names some nodes of a cluster', () => {
    expect(parseRedisUrl('redis+cluster://:secret@a:7000,b')).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
      ],
      login: { password: 'secret' },
      isTls: false,
    });
  });

  test.each([
    'http://a',
    'redis+sentinel://a',
    'redis+sentinel://a/main/x',
    'redis+sentinel://a/main/0/1',
    'redis+cluster://a/1',
    'redis+cluster://a:b:c',
    'redis+cluster://',
    'redis+other://a',
    'redis+sentinel://a/%',
    'redis+cluster://:%ff@a',
  ])('%s is none', (url) => {
    expect(parseRedisUrl(url)).toBeNull();
  });
});
