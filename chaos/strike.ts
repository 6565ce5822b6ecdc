import type { PlannedBlow } from './blow-plan.ts';
import type { Journal } from './journal.ts';
import { pause } from './pause.ts';
import type { Stage } from './stage.ts';

type Striking = { stage: Stage; journal: Journal; signal: AbortSignal };

/**
 * Lets each blow fall at its time; resolves when the last one is over and everything is back. Blows to one part come one
 * after another; different parts may well be away together.
 */
export async function strikeByPlan(plan: readonly PlannedBlow[], striking: Striking): Promise<void> {
  const startedAt = performance.now();
  const lanes = new Map<string, Promise<void>>();
  const failures: unknown[] = [];
  for (const planned of plan) {
    await pause(planned.atMs - (performance.now() - startedAt), striking.signal);
    if (striking.signal.aborted) break;
    const lane = laneOf(planned);
    lanes.set(lane, strikeAfter(lanes.get(lane), planned, { ...striking, failures }));
  }
  await Promise.all(lanes.values());
  if (failures.length > 0) throw failures[0];
}

function laneOf({ blow, index }: PlannedBlow): string {
  return `${blow.split(' ')[0]} ${index}`;
}

async function strikeAfter(
  previous: Promise<void> | undefined,
  planned: PlannedBlow,
  striking: Striking & { failures: unknown[] },
): Promise<void> {
  await previous;
  try {
    if (!striking.signal.aborted) await strikeOnce(planned, striking);
  } catch (error) {
    // Kept for the end of the plan: nobody waits for this lane before that.
    striking.failures.push(error);
  }
}

type Part = { name: string; end: () => Promise<void>; bringBack: () => Promise<void> };

async function strikeOnce(planned: PlannedBlow, { stage, journal, signal }: Striking): Promise<void> {
  const part = findPart(planned, stage);
  const noteReturn = journal.strike(planned.blow, part.name);
  await part.end();
  await pause(planned.awayMs, signal);
  if (signal.aborted) return;
  await part.bringBack();
  if (!signal.aborted) noteReturn();
}

function findPart({ blow, index }: PlannedBlow, { postgres, redis, apis, workers, providers }: Stage): Part {
  switch (blow) {
    case 'api killed':
      return toPart(apis, index);
    case 'worker killed':
      return toPart(workers, index);
    case 'redis killed':
      return { name: 'redis', end: redis.kill9, bringBack: redis.restart };
    case 'redis killed and wiped':
      return {
        name: 'redis',
        async end() {
          await redis.kill9();
          await redis.eraseData();
        },
        bringBack: redis.restart,
      };
    case 'postgres killed':
      return { name: 'postgres', end: postgres.kill9, bringBack: () => postgres.restart() };
    case 'postgres restarted':
      return { name: 'postgres', end: async () => undefined, bringBack: () => postgres.restart('SIGQUIT') };
    case 'provider down': {
      const provider = pick(providers, index);
      return { name: provider.name, end: provider.goDown, bringBack: provider.comeBack };
    }
  }
}

function toPart(members: Stage['apis'], index: number): Part {
  const member = pick(members, index);
  return { name: member.name, end: member.kill9, bringBack: member.start };
}

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`the plan names part ${index} of ${items.length}`);
  return item;
}
