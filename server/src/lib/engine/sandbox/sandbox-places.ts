import { findIdlest, type Occupied } from './memory-relief.ts';

/** Who may hold a place, and since when it does (monotonic milliseconds). */
export type Placeable = Occupied & { placedAt: number };

export type PlacesOptions = {
  size: number;
  /** Ends what runs in a place that is given up. */
  end(slot: Placeable): void;
  /** Monotonic milliseconds. */
  now(): number;
};

/** The limited number of processes that clients have at once, and the line of those that wait for one. */
export type Places<T extends Placeable> = {
  /** Resolves when the slot has a place, at the cost of whoever has been idle longest where all are taken. */
  take(slot: T): Promise<void>;
  /** Ends what runs there; the place stays free until `grant`. */
  giveUp(slot: T): void;
  /** Hands free places to those who wait. */
  grant(): void;
  /** Lets everybody who waits go on, place or not: for the end of the engine. */
  dismiss(): void;
  taken(): readonly T[];
  waiting(): number;
};

/** Creates the places, all of them free. */
export function createPlaces<T extends Placeable>({ size, end, now }: PlacesOptions): Places<T> {
  const taken = new Set<T>();
  const waiters: { slot: T; resolve(): void }[] = [];

  const giveUp = (slot: T): void => {
    end(slot);
    taken.delete(slot);
  };

  // In their order: nobody who comes later may slip in between.
  const grant = (): void => {
    while (taken.size < size) {
      const waiter = waiters.shift();
      if (waiter === undefined) return;
      taken.add(waiter.slot);
      waiter.slot.placedAt = now();
      waiter.resolve();
    }
  };

  return {
    async take(slot) {
      if (taken.has(slot)) return;
      const victim = taken.size < size ? undefined : findIdlest([...taken]);
      if (victim !== undefined) giveUp(victim);
      await new Promise<void>((resolve) => {
        waiters.push({ slot, resolve });
        grant();
      });
    },
    giveUp,
    grant,
    dismiss: () => waiters.splice(0).forEach(({ resolve }) => resolve()),
    taken: () => [...taken],
    waiting: () => waiters.length,
  };
}
