import { expect, test } from 'bun:test';
import { createClosers } from './closers.ts';

test('closes in the opposite order, once, for every caller', async () => {
  const closed: number[] = [];
  const closers = createClosers();
  for (const id of [1, 2, 3]) closers.add(async () => void closed.push(id));
  await Promise.all([closers.closeAll(), closers.closeAll()]);
  expect(closed).toEqual([3, 2, 1]);
});

test('what cannot be closed does not keep the rest open', async () => {
  const closed: number[] = [];
  const closers = createClosers();
  closers.add(async () => void closed.push(1));
  closers.add(async () => {
    throw new Error('stuck');
  });
  await expect(closers.closeAll()).rejects.toThrow('stuck');
  expect(closed).toEqual([1]);
});
