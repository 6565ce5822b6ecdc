import type { Blow } from './journal.ts';
import { createDraws } from './seeded-draws.ts';

/** One planned blow: when, to which of its kind, and how long the part stays away before it is started again. */
export type PlannedBlow = { atMs: number; blow: Blow; index: number; awayMs: number };

export type BlowPlanOptions = { seconds: number; apis: number; workers: number; providers: number };

/** Before this the load gets going, so that the first blow already meets work under way. */
const FIRST_AT_MS = 1500;
const MAX_GAP_MS = 2000;

/** A round: every kind at least once, what carries messages more often. */
const ROUND: readonly Blow[] = [
  'worker killed',
  'worker killed',
  'worker killed',
  'api killed',
  'api killed',
  'redis killed',
  'redis killed and wiped',
  'postgres killed',
  'postgres restarted',
  'provider down',
];

const AWAY_MS: Readonly<Record<Blow, { least: number; most: number }>> = {
  'api killed': { least: 100, most: 1000 },
  'worker killed': { least: 100, most: 1000 },
  'redis killed': { least: 100, most: 1500 },
  'redis killed and wiped': { least: 100, most: 1500 },
  'postgres killed': { least: 50, most: 800 },
  'postgres restarted': { least: 0, most: 0 },
  'provider down': { least: 1000, most: 3000 },
};

/** Rounds of blows, each shuffled, spread over the time of the load: the same seed gives the same plan. */
export function planBlows(seed: number, options: BlowPlanOptions): PlannedBlow[] {
  const draw = createDraws(seed, 'blows');
  const loadMs = options.seconds * 1000;
  const gapMs = Math.min((loadMs - FIRST_AT_MS) / ROUND.length, MAX_GAP_MS);
  const plan: PlannedBlow[] = [];
  let round: Blow[] = [];
  for (let slotMs = FIRST_AT_MS; slotMs + gapMs <= loadMs + 1; slotMs += gapMs) {
    if (round.length === 0) round = shuffle(ROUND, draw);
    const atMs = Math.round(slotMs + (draw() * gapMs) / 2);
    const blow = round.pop();
    if (blow) plan.push({ atMs, blow, ...aim(blow, options, draw) });
  }
  return plan;
}

function aim(
  blow: Blow,
  { apis, workers, providers }: BlowPlanOptions,
  draw: () => number,
): Pick<PlannedBlow, 'index' | 'awayMs'> {
  const counts: Partial<Record<Blow, number>> = {
    'api killed': apis,
    'worker killed': workers,
    'provider down': providers,
  };
  const { least, most } = AWAY_MS[blow];
  return {
    index: Math.floor(draw() * (counts[blow] ?? 1)),
    awayMs: Math.round(least + draw() * (most - least)),
  };
}

function shuffle<T>(items: readonly T[], draw: () => number): T[] {
  const keyed = items.map((item) => ({ item, key: draw() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
