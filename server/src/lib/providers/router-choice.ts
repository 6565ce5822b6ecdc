import type { BreakerPass } from './circuit-breaker.ts';
import type { Lane } from './router-lane.ts';

/** Lanes of the same order, which share by weight; the groups by order. */
export type LaneGroups = readonly (readonly Lane[])[];

export type Choice =
  | { kind: 'chosen'; lane: Lane; pass: BreakerPass }
  /** Nobody can take it now; infinite where all that there are were tried. */
  | { kind: 'none'; waitMs: number };

/** What one message may still spend on waiting inside a worker. */
export type Patience = {
  readonly leftMs: number;
  wait(ms: number): Promise<void>;
};

export type ChoiceOptions = {
  tried: ReadonlySet<Lane>;
  patience: Patience;
  signal: AbortSignal;
  /** From 0 up to 1. */
  random: () => number;
};

export function toGroups(lanes: readonly Lane[]): LaneGroups {
  const byOrder = Map.groupBy(lanes, ({ order }) => order);
  return [...byOrder.entries()].sort(([a], [b]) => a - b).map(([, group]) => group);
}

export function createPatience(ms: number, sleep: (ms: number) => Promise<void>): Patience {
  let leftMs = ms;
  return {
    get leftMs() {
      return leftMs;
    },
    async wait(waitMs) {
      const wholeMs = Math.max(Math.ceil(waitMs), 1);
      leftMs -= wholeMs;
      await sleep(wholeMs);
    },
  };
}

/**
 * Finds the provider for one message: by order, within an order by weight. A group whose rate is used up is waited for as long as
 * patience lasts; what is out of order is passed over at once, and waited for only where nobody else is left.
 */
export async function chooseLane(groups: LaneGroups, options: ChoiceOptions): Promise<Choice> {
  const { patience, signal } = options;
  for (;;) {
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const group of groups) {
      const choice = await chooseInGroup(group, options);
      if (choice.kind === 'chosen') return choice;
      soonestMs = Math.min(soonestMs, choice.waitMs);
    }
    if (soonestMs > patience.leftMs || signal.aborted) return { kind: 'none', waitMs: soonestMs };
    await patience.wait(soonestMs);
  }
}

async function chooseInGroup(group: readonly Lane[], options: ChoiceOptions): Promise<Choice> {
  const { patience, signal } = options;
  for (;;) {
    const found = await admitByWeight(group, options);
    if (found.kind === 'chosen' || found.rateWaitMs > patience.leftMs || signal.aborted) return found;
    await patience.wait(found.rateWaitMs);
  }
}

type Found = Choice & { rateWaitMs: number };

async function admitByWeight(group: readonly Lane[], { tried, random }: ChoiceOptions): Promise<Found> {
  const left = group.filter((lane) => !tried.has(lane));
  let waitMs = Number.POSITIVE_INFINITY;
  let rateWaitMs = Number.POSITIVE_INFINITY;
  for (let lane = takeByWeight(left, random); lane; lane = takeByWeight(left, random)) {
    const admission = await lane.admit();
    if (admission.kind === 'admitted') return { kind: 'chosen', lane, pass: admission.pass, rateWaitMs: 0 };
    waitMs = Math.min(waitMs, admission.waitMs);
    if (admission.isForRate) rateWaitMs = Math.min(rateWaitMs, admission.waitMs);
  }
  return { kind: 'none', waitMs, rateWaitMs };
}

/**
 * Takes one out of the list, each with the chance of its weight among those that are left. A weight of 0 has its turn only when
 * no other is left.
 */
function takeByWeight(left: Lane[], random: () => number): Lane | null {
  if (left.length < 2) return left.pop() ?? null;
  const total = left.reduce((sum, { weight }) => sum + weight, 0);
  let place = Math.floor(random() * total);
  const index = left.findIndex(({ weight }) => {
    place -= weight;
    return place < 0;
  });
  // Nothing but zeros: by the order in which they are configured.
  return left.splice(Math.max(index, 0), 1)[0] ?? null;
}
