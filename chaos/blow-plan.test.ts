import { describe, expect, test } from 'bun:test';
import { planBlows } from './blow-plan.ts';

const SHAPE = { apis: 2, workers: 3, providers: 2 };

describe('the plan of blows', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(planBlows(7, { ...SHAPE, seconds: 30 })).toEqual(planBlows(7, { ...SHAPE, seconds: 30 }));
    expect(planBlows(7, { ...SHAPE, seconds: 30 })).not.toEqual(planBlows(8, { ...SHAPE, seconds: 30 }));
  });

  test.each([5, 8, 60])(
    'has every kind of blow in a load of %d seconds, all of them within it',
    (seconds) => {
      for (const seed of [1, 2, 3]) {
        const plan = planBlows(seed, { ...SHAPE, seconds });
        expect([...new Set(plan.map(({ blow }) => blow))].sort()).toEqual([
          'api killed',
          'postgres killed',
          'postgres restarted',
          'provider down',
          'redis killed',
          'redis killed and wiped',
          'worker killed',
        ]);
        expect(Math.max(...plan.map(({ atMs }) => atMs))).toBeLessThan(seconds * 1000);
      }
    },
  );

  test('aims at parts that exist', () => {
    for (const { blow, index } of planBlows(3, { ...SHAPE, seconds: 600 })) {
      expect(index).toBeLessThan(blow === 'worker killed' ? 3 : 2);
    }
  });
});
