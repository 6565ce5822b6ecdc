/** What was asked of `./dev chaos`. */
export type ChaosArguments = {
  scenario: 'chaos' | 'failover';
  /** How long the load lasts; starting and settling come on top. */
  seconds: number;
  /** What is done to whom and when, and which mail meets which fault, follows from it. */
  seed: number;
  /** Messages a second. */
  rate: number;
  /** One JSON object as the very last line. */
  isJson: boolean;
  /** Where the logs of all processes are kept; null throws them away. */
  logFolder: string | null;
};

export const USAGE = `Usage: ./dev chaos [failover] [--seconds N] [--rate N] [--seed N] [--logs FOLDER] [--json]

  ./dev chaos            kills everything under load, then accounts for every accepted message
  ./dev chaos failover   takes the first of two providers away under load, and gives it back

  --seconds N     how long the load lasts (chaos 60, failover 45)
  --rate N        messages a second (chaos 40, failover 200)
  --seed N        repeats the plan of an earlier run
  --logs FOLDER   keeps the log of every process there
  --json          ends with one line of JSON`;

const DEFAULTS = { chaos: { seconds: 60, rate: 40 }, failover: { seconds: 45, rate: 200 } };
const BOUNDS = {
  '--seconds': { least: 5, most: 3600 },
  '--rate': { least: 1, most: 2000 },
  '--seed': { least: 0, most: 2 ** 32 - 1 },
};

const isBounded = (word: string): word is keyof typeof BOUNDS => word in BOUNDS;

/**
 * Reads the words after `./dev chaos`.
 *
 * @param freshSeed the seed of a run that names none
 * @returns what is wrong with them, as a sentence, where something is
 */
export function parseChaosArguments(words: readonly string[], freshSeed: number): ChaosArguments | string {
  const rest = [...words];
  const scenario = rest.includes('failover') ? 'failover' : 'chaos';
  const wanted: ChaosArguments = {
    scenario,
    ...DEFAULTS[scenario],
    seed: freshSeed,
    isJson: false,
    logFolder: null,
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === scenario) continue;
    if (word === '--json') {
      wanted.isJson = true;
      continue;
    }
    const value = rest.shift();
    if (value === undefined || !(isBounded(word) || word === '--logs')) return `not understood: ${word}`;
    if (word === '--logs') wanted.logFolder = value;
    else {
      const number = Number(value);
      const { least, most } = BOUNDS[word];
      const isFine = /^\d+$/.test(value) && number >= least && number <= most;
      if (!isFine) return `${word} takes a whole number from ${least} to ${most}`;
      if (word === '--seconds') wanted.seconds = number;
      if (word === '--rate') wanted.rate = number;
      if (word === '--seed') wanted.seed = number;
    }
  }
  return wanted;
}
