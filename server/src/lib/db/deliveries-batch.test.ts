import { describe, expect, test } from 'bun:test';
import { createBatch } from './deliveries-batch.ts';

const failing = (code: string) => Object.assign(new Error('no'), { code });

describe('a batch', () => {
  test('a statement without an answer fails what was in it, and holds up nothing that comes after', async () => {
    const never = new Promise<never>(() => {});
    let flushes = 0;
    const add = createBatch<number, number>(
      async (items) => {
        flushes += 1;
        return flushes === 1 ? never : items.map((value) => ({ ok: true, value }));
      },
      { answerTimeoutMs: 20 },
    );
    await expect(add(1)).rejects.toMatchObject({ name: 'NoAnswerError' });
    expect(await add(2)).toBe(2);
  });

  test.each(['57014', 'ECONNRESET'])('%s is not asked for one by one', async (code) => {
    let flushes = 0;
    const add = createBatch<number, number>(async () => {
      flushes += 1;
      throw failing(code);
    });
    const results = await Promise.allSettled([add(1), add(2), add(3)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(flushes).toBe(1);
  });

  const createClocked = () => {
    const clock = { ms: 0 };
    const flushes: (readonly number[])[] = [];
    const add = createBatch<number, number>(
      async (items) => {
        flushes.push(items);
        return items.map((value) => ({ ok: true, value }));
      },
      { now: () => clock.ms },
    );
    const addMany = async ({ gapMs }: { gapMs: number }) => {
      for (let item = 0; item < 40; item += 1) {
        clock.ms += gapMs;
        await add(item);
      }
    };
    /** Two that come in different turns of the event loop. */
    const addTwo = async () => {
      const first = add(1);
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([first, add(2)]);
    };
    return { clock, flushes, addMany, addTwo };
  };

  test('nobody waits for others while few come', async () => {
    const { flushes, addMany, addTwo } = createClocked();
    await addMany({ gapMs: 5 });
    await addTwo();
    expect(flushes.slice(-2)).toEqual([[1], [2]]);
  });

  test('where many came, the next waits for others', async () => {
    const { clock, flushes, addMany, addTwo } = createClocked();
    await addMany({ gapMs: 1 });
    await addTwo();
    expect(flushes.at(-1)).toEqual([1, 2]);
    // A pause, and it is few again.
    clock.ms += 1000;
    await addTwo();
    expect(flushes.slice(-2)).toEqual([[1], [2]]);
  });

  test('an item that poisons the statement fails alone', async () => {
    const add = createBatch<number, number>(async (items) => {
      if (items.includes(2)) throw failing('22P02');
      return items.map((value) => ({ ok: true, value }));
    });
    const results = await Promise.allSettled([add(1), add(2), add(3)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
