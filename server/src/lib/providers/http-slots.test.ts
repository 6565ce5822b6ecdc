import { describe, expect, test } from 'bun:test';
import { createSlots } from './http-slots.ts';

const FOREVER = new AbortController().signal;

describe('slots', () => {
  test('are given out up to the bound, and then in the order of waiting', async () => {
    const slots = createSlots(2);
    const order: string[] = [];
    const take = async (name: string) => {
      await slots.take(FOREVER);
      order.push(name);
    };
    const all = ['a', 'b', 'c', 'd'].map(take);
    await Promise.all(all.slice(0, 2));
    expect(order).toEqual(['a', 'b']);
    slots.giveBack();
    await all[2];
    expect(order).toEqual(['a', 'b', 'c']);
    slots.giveBack();
    await all[3];
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });

  test('are not kept for those who gave up', async () => {
    const slots = createSlots(1);
    await slots.take(FOREVER);
    const controller = new AbortController();
    const gaveUp = slots.take(controller.signal);
    const next = slots.take(FOREVER);
    controller.abort();
    expect(await gaveUp).toBe(false);
    slots.giveBack();
    expect(await next).toBe(true);
    expect(await slots.take(AbortSignal.abort())).toBe(false);
  });
});
