import { describe, expect, test } from 'bun:test';
import { toDatabaseFinding, toRedisFindings } from './inspect.ts';

describe('what is older than supported', () => {
  test.each([
    [14, 'failed', 'Use PostgreSQL 15 or later.'],
    [15, 'ok', null],
    [18, 'ok', null],
  ])('PostgreSQL %d is %s', (version, state, fix) => {
    expect(toDatabaseFinding(version)).toMatchObject({ state, fix, detail: `PostgreSQL ${version}` });
  });

  test.each([
    ['6.2.14', 'failed', 'Use Redis 7 or later.'],
    ['7.0.0', 'ok', null],
    ['10.1.0', 'ok', null],
  ])('Redis %s is %s', (version, state, fix) => {
    const [redis] = toRedisFindings(`# Server\r\nredis_version:${version}\r\naof_enabled:1\r\n`);
    expect(redis).toMatchObject({ name: 'redis', state, fix });
  });
});
