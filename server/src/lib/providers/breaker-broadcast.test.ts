import { describe, expect, test } from 'bun:test';
import { createSilentBroadcast, parseNews } from './breaker-broadcast.ts';

const NOW_MS = 1_800_000_000_000;
const CLOSED = { from: 'other', atMs: NOW_MS, provider: 'ses', kind: 'closed' };
const OPENED = {
  from: 'other',
  atMs: NOW_MS,
  provider: 'ses',
  kind: 'opened',
  untilMs: NOW_MS + 5000,
  openings: 2,
  reason: 'down',
};

function parse(message: unknown) {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  return parseNews(text, { self: 'me', nowMs: NOW_MS });
}

describe('news of another worker', () => {
  test('is read, with the time that is left', () => {
    expect(parse(CLOSED)).toEqual({ kind: 'closed', provider: 'ses' });
    expect(parse(OPENED)).toEqual({
      kind: 'opened',
      provider: 'ses',
      forMs: 5000,
      openings: 2,
      reason: 'down',
    });
    expect(parse({ ...OPENED, atMs: NOW_MS - 2000, untilMs: NOW_MS + 1 })).toMatchObject({ forMs: 1 });
  });

  test('is no news where it is our own, or its time is over', () => {
    expect(parse({ ...CLOSED, from: 'me' })).toBeNull();
    expect(parse({ ...OPENED, from: 'me' })).toBeNull();
    expect(parse({ ...OPENED, untilMs: NOW_MS })).toBeNull();
  });

  test.each([-10_001, 10_001])('is stale when its clock is %d ms from ours', (offMs) => {
    expect(parse({ ...CLOSED, atMs: NOW_MS + offMs })).toBeNull();
    expect(parse({ ...OPENED, atMs: NOW_MS + offMs })).toBeNull();
    expect(parse({ ...CLOSED, atMs: NOW_MS + offMs - Math.sign(offMs) })).not.toBeNull();
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '"closed"',
    '{}',
    { ...CLOSED, kind: 'half_open' },
    { ...CLOSED, provider: 1 },
    { ...CLOSED, from: undefined },
    { ...OPENED, untilMs: null },
    { ...OPENED, untilMs: '9' },
    { ...OPENED, openings: 0 },
    { ...OPENED, openings: 1.5 },
    { ...OPENED, reason: 'x'.repeat(301) },
    { ...CLOSED, padding: 'x'.repeat(2000) },
  ])('is ignored where it is malformed: %j', (message) => {
    expect(parse(message)).toBeNull();
  });
});

test('a worker that is alone tells nobody and hears nothing', async () => {
  const broadcast = createSilentBroadcast();
  broadcast.listen(() => {
    throw new Error('there is nobody');
  });
  broadcast.publish({ kind: 'closed', provider: 'ses' });
  await broadcast.close();
});
