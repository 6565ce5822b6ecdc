import { describe, expect, test } from 'bun:test';
import { createGroupCommit, type Settled } from './group-commit.ts';

/** A flush that waits until the test lets it go on. */
function gatedFlush() {
  const flushes: { items: readonly number[]; finish: () => void }[] = [];
  const flush = (items: readonly number[]) =>
    new Promise<readonly Settled<string>[]>((resolve) => {
      const finish = () => resolve(items.map((item) => ({ ok: true, value: `done ${item}` })));
      flushes.push({ items, finish });
    });
  return { flush, flushes };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('group commit', () => {
  test('a lone item is flushed at once', async () => {
    const group = createGroupCommit<number, number>({
      flush: async (items) => items.map((item) => ({ ok: true, value: item * 2 })),
    });
    expect(await group.add(21)).toBe(42);
  });

  test('items of one turn share a flush, and those that come while all slots are busy share the next', async () => {
    const { flush, flushes } = gatedFlush();
    const group = createGroupCommit({ flush, slots: 1 });
    const first = [group.add(1), group.add(2)];
    await turn();
    const second = [group.add(3), group.add(4), group.add(5)];
    await turn();
    expect(flushes.map(({ items }) => items)).toEqual([[1, 2]]);
    expect(group.waiting).toBe(3);
    flushes[0]?.finish();
    expect(await Promise.all(first)).toEqual(['done 1', 'done 2']);
    await turn();
    expect(flushes.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    flushes[1]?.finish();
    expect(await Promise.all(second)).toEqual(['done 3', 'done 4', 'done 5']);
  });

  test('enough of them wait no longer', async () => {
    const { flush, flushes } = gatedFlush();
    const group = createGroupCommit({ flush, slots: 1, lingerMs: () => 60_000, enough: 3 });
    const all = [group.add(1), group.add(2)];
    await turn();
    expect(flushes).toHaveLength(0);
    all.push(group.add(3));
    await turn();
    expect(flushes.map(({ items }) => items)).toEqual([[1, 2, 3]]);
    flushes[0]?.finish();
    await Promise.all(all);
  });

  test('where it may linger, an item waits for those that come soon after', async () => {
    const { flush, flushes } = gatedFlush();
    const group = createGroupCommit({ flush, slots: 1, lingerMs: () => 20 });
    const all = [group.add(1)];
    await turn();
    expect(flushes).toHaveLength(0);
    all.push(group.add(2));
    while (flushes.length === 0) await turn();
    expect(flushes.map(({ items }) => items)).toEqual([[1, 2]]);
    // What comes while the slot is busy and lingers itself is flushed once, after both.
    all.push(group.add(3));
    flushes[0]?.finish();
    while (flushes.length === 1) await turn();
    flushes[1]?.finish();
    expect(await Promise.all(all)).toHaveLength(3);
    expect(flushes.map(({ items }) => items)).toEqual([[1, 2], [3]]);
  });

  test('a flush holds no more than maxItems', async () => {
    const { flush, flushes } = gatedFlush();
    const group = createGroupCommit({ flush, slots: 2, maxItems: 2 });
    const all = [1, 2, 3, 4, 5].map((item) => group.add(item));
    await turn();
    expect(flushes.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    flushes[0]?.finish();
    flushes[1]?.finish();
    await turn();
    flushes[2]?.finish();
    expect(await Promise.all(all)).toHaveLength(5);
  });

  test('each item has its own error, and one of the whole flush is everybody’s', async () => {
    const group = createGroupCommit<number, number>({
      flush: async (items) => {
        if (items.includes(0)) throw new Error('all of it');
        return items.map((item) =>
          item < 0 ? { ok: false, error: new Error(`not ${item}`) } : { ok: true, value: item },
        );
      },
    });
    const results = await Promise.allSettled([group.add(1), group.add(-1)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    const failed = await Promise.allSettled([group.add(0), group.add(2)]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await group.add(3)).toBe(3);
  });

  test('a flush that forgets an item fails that item', async () => {
    const group = createGroupCommit<number, number>({ flush: async () => [{ ok: true, value: 1 }] });
    const [first, second] = await Promise.allSettled([group.add(1), group.add(2)]);
    expect(first.status).toBe('fulfilled');
    expect(second.status).toBe('rejected');
  });
});
