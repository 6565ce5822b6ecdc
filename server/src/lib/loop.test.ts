import { expect, test } from 'bun:test';
import { startLoop } from './loop.ts';

test('takes one turn after the other, also after one that failed, until it is stopped', async () => {
  const errors: unknown[] = [];
  const third = Promise.withResolvers<void>();
  let turns = 0;
  const loop = startLoop(
    async () => {
      turns += 1;
      if (turns === 2) throw new Error('away');
      if (turns === 3) third.resolve();
      return turns === 3 ? 3_600_000 : 0;
    },
    { retryMs: 0, onError: (error) => errors.push(error) },
  );
  await third.promise;
  await loop.stop();
  await loop.stop();
  expect(turns).toBe(3);
  expect(errors).toHaveLength(1);
});

test('stopping waits for the turn under way', async () => {
  const held = Promise.withResolvers<number>();
  let isOver = false;
  const loop = startLoop(
    async () => {
      await held.promise;
      isOver = true;
      return 0;
    },
    { retryMs: 0, onError: () => {} },
  );
  const stopped = loop.stop();
  expect(isOver).toBe(false);
  held.resolve(0);
  await stopped;
  expect(isOver).toBe(true);
});
