import { describe, expect, test } from 'bun:test';
import { LeaseLostError } from '../lib/db/deliveries-types.ts';
import { persist } from './persist.ts';

function failing(times: number, error: Error = new Error('away')) {
  let calls = 0;
  const write = async () => {
    calls += 1;
    if (calls <= times) throw error;
  };
  return { write, calls: () => calls };
}

describe('persist', () => {
  test('tries again until it is written, with growing pauses', async () => {
    const { write, calls } = failing(8);
    const pauses: number[] = [];
    const retries: unknown[] = [];
    await persist(write, {
      isOver: () => false,
      onRetry: (error) => retries.push(error),
      pause: async (ms) => void pauses.push(ms),
    });
    expect(calls()).toBe(9);
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
    expect(retries).toHaveLength(8);
  });

  test('stops when it is over, with the last error', async () => {
    const { write, calls } = failing(100);
    await expect(
      persist(write, { isOver: () => calls() >= 3, onRetry: () => {}, pause: async () => {} }),
    ).rejects.toThrow('away');
    expect(calls()).toBe(3);
  });

  test('a lost lease is final', async () => {
    const { write, calls } = failing(100, new LeaseLostError('x'));
    await expect(
      persist(write, { isOver: () => false, onRetry: () => {}, pause: async () => {} }),
    ).rejects.toThrow(LeaseLostError);
    expect(calls()).toBe(1);
  });
});
