/**
 * A number from 0 up to 1 that depends on the seed and the label alone. Whatever is decided by it is decided the same in
 * the next run with that seed, in whichever order things happen there.
 */
export function drawFor(seed: number, label: string): number {
  return Bun.hash.xxHash32(label, seed) / 2 ** 32;
}

/** An endless row of such numbers. */
export function createDraws(seed: number, label: string): () => number {
  let count = 0;
  return () => {
    count += 1;
    return drawFor(seed, `${label} ${count}`);
  };
}

/** One of the items, each with the same chance. */
export function pickOne<T>(items: readonly [T, ...T[]], draw: number): T {
  return items[Math.floor(draw * items.length)] ?? items[0];
}
