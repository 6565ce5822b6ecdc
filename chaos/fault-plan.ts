import { drawFor } from './seeded-draws.ts';

/**
 * What a provider does to one mail at one visit.
 *
 * - `drop`: closes the connection instead of asking for the message.
 * - `cut`: closes it in the middle of the message.
 * - `swallow`: keeps the message and closes the connection without an answer.
 * - `hang`: keeps the message and never answers.
 * - `defer recipient`, `defer message`: a 4xx, before or after the message.
 * - `slow`: a good answer that takes long.
 */
export type Fault = 'drop' | 'cut' | 'swallow' | 'hang' | 'defer recipient' | 'defer message' | 'slow';

/** Faults in a thousand visits. */
const SHARES: readonly (readonly [Fault, number])[] = [
  ['drop', 15],
  ['cut', 5],
  ['swallow', 7],
  ['hang', 2],
  ['defer recipient', 25],
  ['defer message', 15],
  ['slow', 40],
];

/** Decides faults from the seed, the provider, the mail and how often it has come: repeatable, whatever the order. */
export type FaultPlan = {
  faultOf(provider: string, recipients: readonly string[], visit: number): Fault | null;
  answerDelayMs(provider: string, recipients: readonly string[], fault: Fault | null): number;
  /** True where the greeting of this connection is a 421. */
  isTurnedAway(provider: string, connection: number): boolean;
};

/** Makes the plan of a seed. */
export function createFaultPlan(seed: number): FaultPlan {
  return {
    faultOf(provider, recipients, visit) {
      let left = drawFor(seed, `fault ${provider} ${recipients.join()} ${visit}`) * 1000;
      for (const [fault, share] of SHARES) {
        if (left < share) return fault;
        left -= share;
      }
      return null;
    },
    answerDelayMs(provider, recipients, fault) {
      const draw = drawFor(seed, `delay ${provider} ${recipients.join()}`);
      // Long enough for every worker to have mail in the air when it is killed: that is what duplicates come from.
      return Math.round(fault === 'slow' ? 500 + draw * 1500 : 20 + draw * 380);
    },
    isTurnedAway: (provider, connection) => drawFor(seed, `greeting ${provider} ${connection}`) < 0.02,
  };
}

/** Everything goes well, in a time that a nearby provider takes. */
export const NO_FAULTS: FaultPlan = {
  faultOf: () => null,
  answerDelayMs: () => 10,
  isTurnedAway: () => false,
};
