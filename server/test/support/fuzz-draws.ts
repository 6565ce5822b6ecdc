/** Decides everything by a seed, so that a failure can be seen again. */
export type Draws = {
  /** From 0 up to 1. */
  next(): number;
  below(limit: number): number;
  /** True once in so many times. */
  oneIn(times: number): boolean;
  pick<T>(items: readonly T[]): T;
};

export function createDraws(seed: number): Draws {
  let count = 0;
  const next = () => Bun.hash.xxHash32(String((count += 1)), seed) / 2 ** 32;
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    oneIn: (times) => below(times) === 0,
    pick<T>(items: readonly T[]): T {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}
