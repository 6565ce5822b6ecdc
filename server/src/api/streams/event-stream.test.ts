import { describe, expect, test } from 'bun:test';
import type { FeedEvent } from '../../lib/db/event-feed.ts';
import { parseFeedCursor, toFeedCursor } from '../../lib/db/event-feed-position.ts';
import { createEventStream } from './event-stream.ts';

const START = { txid: '100', id: 0 };

function toEvent(id: number): FeedEvent {
  return {
    position: { txid: '100', id },
    messageId: 'm',
    clientId: 'c',
    mode: 'live',
    type: 'sent',
    status: 'sent',
    recipient: 'ada@example.net',
    attempt: 1,
    provider: 'smtp',
    messageProvider: 'smtp',
    traceId: '0'.repeat(32),
    detail: 'two\nlines',
    template: null,
    templateVersion: null,
    tags: {},
    at: new Date('2026-11-21T08:00:00Z'),
  };
}

function open({ maxWaitingChars = 1000 } = {}) {
  const ends: number[] = [];
  const stream = createEventStream({
    clientId: 'c',
    from: START,
    isWanted: () => true,
    maxWaitingChars,
    onEnd: () => ends.push(1),
  });
  const give = (...ids: number[]) => stream.take(ids.map(toEvent), { txid: '100', id: ids.at(-1) ?? 0 });
  return { stream, give, countEnds: () => ends.length };
}

const cursor = (id: number) => toFeedCursor({ txid: '100', id });

describe('an event stream', () => {
  test('begins with where it is, and writes an event in lines that no text of it can break', async () => {
    const { stream, give } = open();
    give(1);
    stream.end('over');
    const text = await new Response(stream.body).text();
    expect(text).toStartWith(`retry: 1000\nid: ${cursor(0)}\n\n`.replace('\n\n', '\n'));
    expect(text).toContain(`\nid: ${cursor(1)}\nevent: sent\ndata: {"type":"sent"`);
    expect(text).toContain('two\\nlines');
    expect(text).toEndWith(': over\n\n');
  });

  test('a reader who does not read is let go, with nothing kept', async () => {
    const { stream, give, countEnds } = open({ maxWaitingChars: 1000 });
    let given = 0;
    while (countEnds() === 0 && given < 1000) give(++given);
    expect(given).toBeLessThan(10);
    give(given + 1);
    const text = await new Response(stream.body).text();
    expect(text).toBe(': too slow: resume from the last id\n\n');
    expect(countEnds()).toBe(1);
  });

  test('a large page is no slowness where the one before was read', async () => {
    const { stream, give, countEnds } = open({ maxWaitingChars: 10 });
    const reader = stream.body.getReader();
    for (let page = 0; page < 5; page++) {
      give(...Array.from({ length: 50 }, (_, n) => page * 50 + n + 1));
      await reader.read();
    }
    expect(countEnds()).toBe(0);
  });

  test('says how far it has come where nothing was wanted', async () => {
    const { stream } = open();
    const reader = stream.body.getReader();
    await reader.read();
    stream.take([], { txid: '200', id: 0 });
    stream.beat();
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toBe(
      `id: ${toFeedCursor({ txid: '200', id: 0 })}\n: heartbeat\n\n`,
    );
  });

  test('ends where nobody has read for three beats', async () => {
    const { stream, countEnds } = open();
    for (let beat = 0; beat < 2; beat++) stream.beat();
    expect(countEnds()).toBe(0);
    stream.beat();
    expect(countEnds()).toBe(1);
  });

  test('waits for its reader when it is behind', async () => {
    const { stream, give } = open();
    give(1);
    let isDrained = false;
    const drained = (async () => {
      await stream.drained();
      isDrained = true;
    })();
    await Promise.resolve();
    expect(isDrained).toBe(false);
    await stream.body.getReader().read();
    await drained;
  });

  test('ends once, whoever ends it', async () => {
    const { stream, countEnds } = open();
    await stream.body.cancel();
    stream.end('later');
    expect(countEnds()).toBe(1);
    await stream.drained();
  });
});

describe('a cursor', () => {
  test('comes back as it was', () => {
    for (const position of [START, { txid: '18446744073709551', id: 9_007_199_254_740_991 }]) {
      expect(parseFeedCursor(toFeedCursor(position))).toEqual(position);
    }
  });

  test.each(['', 'x', '100', '100.', '-1.1', '1.-1', '1.1.1', '01.1', '1.99999999999999999999', "1.1'--"])(
    'is not read from %j',
    (text) => expect(parseFeedCursor(Buffer.from(text).toString('base64url'))).toBeNull(),
  );
});
